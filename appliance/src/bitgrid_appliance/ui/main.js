// Holds what was heard, and draws it whenever something changes.

import { byId } from "./dom.js";
import { showDay } from "./chart.js";
import { Past } from "./decisions.js";
import { showFlow } from "./flow.js";
import { SiteClock, get, listen } from "./live.js";
import { showCountdown, showLoads } from "./loads.js";
import { showMirror, showStatus } from "./status.js";
import { chooseLanguage, startLanguage } from "./words.js";

const DAY_EVERY_MS = 2_000; // a demo decides more often than anyone can read a chart
const TICK_MS = 250;

const seen = { state: null, health: null, mirror: null, day: null, connected: false, everConnected: false };
const clock = new SiteClock();
let past = null;
let dayAt = -DAY_EVERY_MS;
let dayTimer = null;
let isMissing = false;

function siteTime() {
  if (!seen.connected || !seen.state) return null;
  return seen.state.clock === "virtual" ? clock.now() : clock.wallNow();
}

function takeState(state) {
  seen.state = state;
  clock.set(Date.parse(state.now), state.clock === "virtual");
  drawState(state);
}

function drawState(state) {
  past.setLoads(state.loads);
  showLoads(state);
  showFlow(state);
  showMirror(seen.mirror, state);
  tick();
}

function takeDecision(item) {
  isMissing = past.add(item) || isMissing;
  askForDay();
}

/** Load the day anew, and decisions that were not told, at most every two seconds. */
function askForDay() {
  if (dayTimer !== null) return;
  const wait = Math.max(0, dayAt + DAY_EVERY_MS - performance.now());
  dayTimer = setTimeout(async () => {
    dayTimer = null;
    dayAt = performance.now();
    try {
      seen.day = await get("day");
      drawDay();
      if (isMissing) await past.catchUp();
      isMissing = false;
    } catch {
      // The stream says that the connection is gone; the next decision asks again.
    }
  }, wait);
}

function drawDay() {
  if (seen.day) showDay(seen.day, seen.state?.loads ?? []);
}

function tick() {
  const now = siteTime();
  if (seen.state) showCountdown(Date.parse(seen.state.next_block_at), now);
  showStatus({ ...seen, now, ageMs: clock.age() });
}

function drawAll() {
  if (seen.state) drawState(seen.state);
  drawDay();
  past.show();
  showMirror(seen.mirror, seen.state);
  tick();
}

async function connected(isConnected) {
  const cameBack = isConnected && !seen.connected;
  seen.connected = isConnected;
  seen.everConnected ||= isConnected;
  tick();
  if (!cameBack) return;
  askForDay();
  try {
    await past.load();
  } catch {
    // As above.
  }
}

function start() {
  startLanguage();
  past = new Past();
  byId("langs").addEventListener("click", (event) => {
    const tag = event.target.closest("[data-lang]")?.dataset.lang;
    if (tag) {
      chooseLanguage(tag);
      drawAll();
    }
  });
  const health = byId("health");
  document.addEventListener("click", (event) => {
    if (!health.contains(event.target)) health.open = false;
  });
  health.addEventListener("keydown", (event) => {
    if (event.key === "Escape") health.open = false;
  });
  let width = 0;
  new ResizeObserver(() => {
    if (document.body.clientWidth === width) return;
    width = document.body.clientWidth;
    if (seen.state) showFlow(seen.state);
    drawDay();
  }).observe(document.body);
  listen(
    {
      state: takeState,
      decision: takeDecision,
      health: (health) => {
        seen.health = health;
        tick();
      },
      mirror: (mirror) => {
        seen.mirror = mirror;
        showMirror(mirror, seen.state);
      },
    },
    connected,
  );
  setInterval(tick, TICK_MS);
  tick();
}

start();
