"""What the integration tests stand on: VMs, the helper, Cockpit."""
