/* The JSON views of the event log; see views.ts. */
import { type Shaped, isBoolean, isNumber, isString, nullable, optional, shape } from "./shape";

/* Events of other programs may lack what ours have. */
export const isEvent = shape({
  id: isString,
  timestamp: isString,
  actor: isString,
  evento: isString,
  entidade: isString,
  entidade_id: isString,
  seq: optional(isNumber),
});
export type Event = Shaped<typeof isEvent>;

export const isVerdict = shape({
  chain_valid: isBoolean,
  verified_from: isString,
  total_events: isNumber,
  verified_events: isNumber,
  total_segments: isNumber,
  last_current_hash: nullable(isString),
  broken: nullable(
    shape({
      reason: isString,
      segment: isNumber,
      index: isNumber,
      event_id: nullable(isString),
      message: isString,
    }),
  ),
});
export type Verdict = Shaped<typeof isVerdict>;
