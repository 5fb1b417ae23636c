#!/usr/bin/env node
/*
 * A helper for states that are hard to bring about with the real one: it speaks payload backup1 on
 * stdio, and answers from a scenario, a JSON file:
 *   { "<op>": { "items": [...], "progress": [...], "log": [...], "result": …, "raw": ["…"],
 *               "logRepeat": { "count": 1000, "line": {…} }, "problem": "…", "message": "…", "open": true } }
 * An operation that the scenario lacks gets no answer at all. The file is looked at again at each open,
 * so that a test may change what is said.
 */
import { readFileSync, statSync } from "node:fs";

const scenarioFile = process.argv[2];

/* Frames go out many at a time, as from a helper that is quick. */
const GATHERED_MAX_BYTES = 256 * 1024;
let gathered = "";

function flush() {
  process.stdout.write(gathered);
  gathered = "";
}

function send(channel, payload) {
  const body = `${channel}\n${payload}`;
  gathered += `${Buffer.byteLength(body)}\n${body}`;
  if (gathered.length > GATHERED_MAX_BYTES) {
    flush();
  }
}

const control = (message) => send("", JSON.stringify(message));

let scenario = null;
let scenarioState = "";

function scenarioNow() {
  const { mtimeNs, size, ino } = statSync(scenarioFile, { bigint: true });
  const state = [mtimeNs, size, ino].join(" ");
  if (state !== scenarioState) {
    scenario = JSON.parse(readFileSync(scenarioFile, "utf8"));
    scenarioState = state;
  }
  return scenario;
}

/* As the helper does for who asks it to gather: frames of several objects, a line each. */
const LINES_MAX_BYTES = 32 * 1024;

function sender(channel, gathers) {
  let lines = [];
  let size = 0;
  function sendGathered() {
    if (lines.length > 0) {
      send(channel, lines.join("\n"));
    }
    lines = [];
    size = 0;
  }
  function sendObject(object) {
    const text = JSON.stringify(object);
    if (size + text.length >= LINES_MAX_BYTES) {
      sendGathered();
    }
    lines.push(text);
    size += text.length + 1;
    if (!gathers) {
      sendGathered();
    }
  }
  return { sendObject, sendGathered };
}

function answer(channel, op, gathers) {
  const said = scenarioNow()[op];
  if (said === undefined) {
    return;
  }
  control({ command: "ready", channel });
  const { sendObject, sendGathered } = sender(channel, gathers);
  for (const [kind, key] of [["item", "items"], ["progress", "progress"], ["log", "log"]]) {
    (said[key] ?? []).forEach((value) => sendObject({ [kind]: value }));
  }
  for (let index = 0; index < (said.logRepeat?.count ?? 0); index++) {
    sendObject({ log: said.logRepeat.line });
  }
  if (said.result !== undefined) {
    sendObject({ result: said.result });
  }
  sendGathered();
  (said.raw ?? []).forEach((text) => send(channel, text));
  if (said.open !== true) {
    if (said.problem === undefined) {
      control({ command: "done", channel });
    }
    control({ command: "close", channel, problem: said.problem, message: said.message });
  }
}

function receive(channel, payload) {
  if (channel !== "") {
    return;
  }
  const message = JSON.parse(payload);
  if (message.command === "open") {
    answer(message.channel, message.op, message.gather === true);
  } else if (message.command === "ping") {
    control({ ...message, command: "pong" });
  }
}

let buffered = Buffer.alloc(0);
process.stdin.on("data", (data) => {
  buffered = Buffer.concat([buffered, data]);
  for (;;) {
    const end = buffered.indexOf("\n");
    const length = end < 0 ? NaN : Number(buffered.subarray(0, end).toString());
    if (!(buffered.length >= end + 1 + length)) {
      return;
    }
    const frame = buffered.subarray(end + 1, end + 1 + length).toString();
    buffered = buffered.subarray(end + 1 + length);
    const split = frame.indexOf("\n");
    receive(frame.slice(0, split), frame.slice(split + 1));
    flush();
  }
});
process.stdin.on("end", () => process.exit(0));
control({ command: "init", version: 1 });
flush();
