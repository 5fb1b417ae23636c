/*
 * How long the page's one thread was busy at a stretch, and where.
 *
 * Wall-clock time says what a person feels, on a machine that has nothing else to do. The thread's own
 * CPU time, out of Chromium's trace, is nearly the same whatever else runs.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";

/** Of the page's thread alone: each task, whatever is in it. */
const CATEGORIES = ["toplevel", "__metadata"];
const TRACE_BUFFER_KB = 400_000;

/* In the page: the longest gap between two frames, and the longest task. */
function watchInPage() {
  window.watched = { gap: 0, task: 0 };
  new PerformanceObserver((list) => list.getEntries().forEach(({ duration }) => (window.watched.task = Math.max(window.watched.task, duration)))).observe({
    type: "longtask",
  });
  let last = performance.now();
  const frame = (now) => {
    window.watched.gap = Math.max(window.watched.gap, now - last);
    last = now;
    requestAnimationFrame(frame);
  };
  requestAnimationFrame(frame);
}

/** The longest task of the busiest renderer, in ms of its thread's CPU time. */
function longestTask(events) {
  const mains = new Set(events.filter(({ name, args }) => name === "thread_name" && args.name === "CrRendererMain").map(({ pid, tid }) => `${pid}/${tid}`));
  let longest = 0;
  for (const { name, pid, tid, tdur } of events) {
    if (name === "ThreadControllerImpl::RunTask" && mains.has(`${pid}/${tid}`)) {
      longest = Math.max(longest, tdur ?? 0);
    }
  }
  return longest / 1000;
}

async function startTrace(session) {
  const events = [];
  session.on("Tracing.dataCollected", ({ value }) => events.push(...value));
  await session.send("Tracing.start", {
    transferMode: "ReportEvents",
    traceConfig: { recordMode: "recordUntilFull", traceBufferSizeInKb: TRACE_BUFFER_KB, includedCategories: CATEGORIES, excludedCategories: ["*"] },
  });
  return async () => {
    const complete = new Promise((resolve) => session.once("Tracing.tracingComplete", resolve));
    await session.send("Tracing.end");
    await complete;
    return events;
  };
}

/** Where the profile of a step goes. */
export function profilePath(folder, name) {
  return join(folder, `${name.replace(/[^\w]+/g, "-")}.cpuprofile`);
}

/** Returns what ends it and writes it to a file. */
export async function startProfile(page) {
  const session = await page.context().newCDPSession(page);
  await session.send("Profiler.enable");
  await session.send("Profiler.setSamplingInterval", { interval: 500 });
  await session.send("Profiler.start");
  return async (path) => {
    const { profile } = await session.send("Profiler.stop");
    await session.detach();
    writeFileSync(path, JSON.stringify(profile));
  };
}

function twoFrames(inner) {
  return inner.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))));
}

/**
 * Watches steps of one page.
 * @param options.profiles  a directory for the step's CPU profiles, which Chromium's developer tools open; null: none
 * @param options.isTraced  false: without CPU time, and without what the trace costs
 */
export async function watchSteps(browser, page, inner, note, { profiles, isTraced }) {
  const session = isTraced ? await browser.newBrowserCDPSession() : null;
  await inner.evaluate(watchInPage);

  return async function step(name, act) {
    const stopTrace = session === null ? null : await startTrace(session);
    const stopProfile = profiles === null ? null : await startProfile(page);
    await twoFrames(inner);
    await inner.evaluate(() => Object.assign(window.watched, { gap: 0, task: 0 }));
    await act();
    await twoFrames(inner);
    const { gap, task } = await inner.evaluate(() => window.watched);
    note(name, "frame", gap);
    note(name, "task", task);
    await stopProfile?.(profilePath(profiles, name));
    if (stopTrace !== null) {
      note(name, "cpu", longestTask(await stopTrace()));
    }
  };
}

/** Through the whole of a long list, a jump a frame. */
export function scroll(box) {
  return box.evaluate(async (element) => {
    for (let step = 0; step < 60; step++) {
      element.scrollTop = (element.scrollHeight * (step % 20)) / 20;
      await new Promise((resolve) => requestAnimationFrame(resolve));
    }
  });
}
