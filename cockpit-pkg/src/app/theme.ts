/* Light or dark as chosen in Cockpit's shell, which keeps it in localStorage and tells of changes. */

const STYLE_KEY = "shell:style";
const DARK_CLASS = "pf-v6-theme-dark";

function isDark(style: string | null): boolean {
  return style === "dark" || (style !== "light" && window.matchMedia("(prefers-color-scheme: dark)").matches);
}

function apply(style: string | null): void {
  document.documentElement.classList.toggle(DARK_CLASS, isDark(style));
}

export function followTheme(): void {
  const again = () => apply(localStorage.getItem(STYLE_KEY));

  window.addEventListener("storage", (event) => {
    if (event.key === STYLE_KEY) {
      again();
    }
  });
  // Sent by the shell when the person changes the style; it comes before the storage has it.
  window.addEventListener("cockpit-style", (event) => {
    if (event instanceof CustomEvent) {
      const style: unknown = (event.detail as { style?: unknown } | null)?.style;
      apply(typeof style === "string" ? style : null);
    }
  });
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", again);
  again();
}
