// The day so far: sun and house as power, each load as steps, the battery's charge as a line.
// Small panels over one time axis, so that no line needs a second scale.

import { byId, h, s, setText } from "./dom.js";
import { percent, plain, time, watts, weekday } from "./format.js";
import { levelName, loadName } from "./loads.js";
import { t } from "./words.js";

const BLOCK_MS = 600_000;
const DAY_MS = 86_400_000;
const POWER_H = 150;
const LOAD_H = 34;
const SOC_H = 40;
const GAP = 20;
const LEFT = 34;
const RIGHT = 8;

/** Draw the chart, its reading line and the table. */
export function showDay(day, loads) {
  const host = byId("day");
  if (day.blocks.length === 0) {
    host.replaceChildren(h("p", { class: "waiting" }, t("dayNone")));
    return;
  }
  const wasOpen = host.querySelector("details")?.open ?? false;
  const plot = plotted(day.blocks, loads, Math.max(300, Math.floor(host.clientWidth)));
  host.replaceChildren(drawing(plot), legend(plot), table(plot, wasOpen));
  setText(byId("day-readout"), weekday(plot.start));
}

/** Everything the drawing needs, in pixels and milliseconds. */
function plotted(blocks, loads, width) {
  const ends = blocks.map((block) => Date.parse(block.at));
  const last = ends[ends.length - 1];
  const start = new Date(ends[0] - BLOCK_MS).setHours(0, 0, 0, 0);
  const end = Math.max(start + DAY_MS, last);
  const ids = [...new Set(blocks.flatMap((block) => Object.keys(block.loads)))].sort();
  const strips = ids.map((id) => strip(id, blocks, loads));
  const peak = Math.max(1000, ...blocks.flatMap((b) => [b.pv_power_w ?? 0, b.house_load_w ?? 0]));
  const top = niceTop(peak);
  const hasSoc = blocks.some((block) => block.battery_soc_pct !== null);
  const height = POWER_H + strips.length * (LOAD_H + GAP) + (hasSoc ? SOC_H + GAP : 0) + 26;
  const x = (at) => LEFT + ((at - start) / (end - start)) * (width - LEFT - RIGHT);
  return { blocks, ends, last, start, end, strips, top, hasSoc, width, height, x };
}

function strip(id, blocks, loads) {
  const load = loads.find((item) => item.id === id) ?? { id, kind: null, levels: [] };
  const name = loadName(load, loads);
  const powers = blocks.map((block) => block.loads[id]?.power_w ?? null);
  const highest = Math.max(100, ...load.levels.map((level) => level.power_w), ...powers.map((w) => w ?? 0));
  const running = powers.filter((w) => (w ?? 0) > 0).length;
  return { id, name, powers, highest, hours: running / 6 };
}

function niceTop(peak) {
  const steps = [1000, 1500, 2000, 3000, 4000, 5000, 6000, 8000, 10000, 15000, 20000, 30000, 50000];
  return steps.find((step) => step >= peak) ?? Math.ceil(peak / 50_000) * 50_000;
}

function drawing(plot) {
  const { width, height } = plot;
  const svg = s(
    "svg",
    { class: "chart", viewBox: `0 0 ${width} ${height}`, width, height, role: "img" },
    s("title", {}, t("chartTitle", { time: time(plot.last) })),
    s("desc", {}, description(plot)),
    ...hours(plot),
    ...powerPanel(plot),
    ...plot.strips.flatMap((item, index) => loadPanel(plot, item, POWER_H + GAP + index * (LOAD_H + GAP))),
    ...(plot.hasSoc ? socPanel(plot, height - 26 - SOC_H) : []),
    s("line", { class: "now", x1: plot.x(plot.last), x2: plot.x(plot.last), y1: 0, y2: height - 22 }),
  );
  withCursor(svg, plot);
  return svg;
}

function description(plot) {
  const peak = (name) => Math.max(...plot.blocks.map((block) => block[name] ?? 0));
  const ran = plot.strips.map((item) => t("chartRan", { name: item.name, hours: plain(item.hours, 1) }));
  return t("chartText", { pv: watts(peak("pv_power_w")), house: watts(peak("house_load_w")), loads: ran.join(", ") });
}

function hours(plot) {
  const every = plot.width < 480 ? 6 : 3;
  const marks = [];
  for (let at = plot.start; at <= plot.end; at += 3_600_000) {
    const hour = new Date(at).getHours();
    if (hour % every !== 0) continue;
    const x = plot.x(at);
    marks.push(s("line", { class: "hour", x1: x, x2: x, y1: 0, y2: plot.height - 22 }));
    const anchor = x > plot.width - 20 ? "end" : "middle";
    const text = String(at === plot.end ? 24 : hour).padStart(2, "0");
    marks.push(s("text", { class: "axis", x, y: plot.height - 6, "text-anchor": anchor }, text));
  }
  return marks;
}

function powerPanel(plot) {
  const y = (w) => POWER_H - (w / plot.top) * (POWER_H - 10);
  const kilowatts = plain(plot.top / 1000, plot.top % 1000 ? 1 : 0);
  return [
    s("line", { class: "base", x1: LEFT, x2: plot.width - RIGHT, y1: POWER_H, y2: POWER_H }),
    s("line", { class: "hour", x1: LEFT, x2: plot.width - RIGHT, y1: y(plot.top), y2: y(plot.top) }),
    s("text", { class: "axis", x: LEFT - 6, y: y(plot.top) + 4, "text-anchor": "end" }, kilowatts),
    s("text", { class: "axis", x: LEFT - 6, y: y(plot.top) + 16, "text-anchor": "end" }, "kW"),
    s("text", { class: "axis", x: LEFT - 6, y: POWER_H, "text-anchor": "end" }, "0"),
    s("path", { class: "pv-area", d: steps(plot, plot.blocks.map((b) => b.pv_power_w), y, POWER_H) }),
    s("path", { class: "pv-line", d: steps(plot, plot.blocks.map((b) => b.pv_power_w), y) }),
    s("path", { class: "house-line", d: steps(plot, plot.blocks.map((b) => b.house_load_w), y) }),
  ];
}

function loadPanel(plot, item, top) {
  const bottom = top + LOAD_H;
  const y = (w) => bottom - (w / item.highest) * LOAD_H;
  return [
    s("line", { class: "base", x1: LEFT, x2: plot.width - RIGHT, y1: bottom, y2: bottom }),
    s("path", { class: "load-area", d: steps(plot, item.powers, y, bottom) }),
    s("text", { class: "panel", x: LEFT + 4, y: top - 3 }, item.name),
    s("text", { class: "axis", x: LEFT - 6, y: top + 9, "text-anchor": "end" }, plain(item.highest / 1000, 1)),
  ];
}

function socPanel(plot, top) {
  const bottom = top + SOC_H;
  const y = (value) => bottom - (value / 100) * SOC_H;
  return [
    s("line", { class: "base", x1: LEFT, x2: plot.width - RIGHT, y1: bottom, y2: bottom }),
    s("line", { class: "hour", x1: LEFT, x2: plot.width - RIGHT, y1: top, y2: top }),
    s("path", { class: "soc-line", d: steps(plot, plot.blocks.map((b) => b.battery_soc_pct), y) }),
    s("text", { class: "panel", x: LEFT + 4, y: top - 3 }, t("battery")),
    s("text", { class: "axis", x: LEFT - 6, y: top + 9, "text-anchor": "end" }, "100%"),
  ];
}

/** A step line, or with a base an area; a missing value or a missing block is a hole. */
function steps(plot, values, y, base = null) {
  let path = "";
  let isOpen = false;
  values.forEach((value, index) => {
    const to = plot.ends[index];
    const follows = index > 0 && plot.ends[index - 1] === to - BLOCK_MS && isOpen;
    if (!follows && isOpen) {
      path += base === null ? "" : `V${base}Z`;
      isOpen = false;
    }
    if (value === null) return;
    const [x0, x1, height] = [plot.x(to - BLOCK_MS), plot.x(to), y(value)].map((n) => n.toFixed(1));
    path += isOpen ? `V${height}H${x1}` : `M${x0} ${base ?? height}V${height}H${x1}`;
    isOpen = true;
    const ends = values[index + 1] === null || index === values.length - 1;
    if (ends) {
      path += base === null ? "" : `V${base}Z`;
      isOpen = false;
    }
  });
  return path;
}

/** Pointing at the chart reads the block under the pointer in the heading's line. */
function withCursor(svg, plot) {
  const line = s("line", { class: "cursor", y1: 0, y2: plot.height - 22, visibility: "hidden" });
  svg.append(line);
  svg.addEventListener("pointermove", (event) => {
    const box = svg.getBoundingClientRect();
    const at = plot.start + ((event.clientX - box.left - LEFT) / (plot.width - LEFT - RIGHT)) * (plot.end - plot.start);
    const index = plot.ends.findIndex((end) => at <= end);
    if (index < 0 || at < plot.ends[0] - BLOCK_MS) return;
    line.setAttribute("x1", plot.x(plot.ends[index] - BLOCK_MS / 2));
    line.setAttribute("x2", plot.x(plot.ends[index] - BLOCK_MS / 2));
    line.setAttribute("visibility", "visible");
    setText(byId("day-readout"), readout(plot, index));
  });
  svg.addEventListener("pointerleave", () => {
    line.setAttribute("visibility", "hidden");
    setText(byId("day-readout"), weekday(plot.start));
  });
}

function readout(plot, index) {
  const block = plot.blocks[index];
  const parts = [
    `${time(plot.ends[index] - BLOCK_MS)}–${time(plot.ends[index])}`,
    `${t("sun")} ${watts(block.pv_power_w)}`,
    `${t("house")} ${watts(block.house_load_w)}`,
    ...plot.strips.map((item) => `${item.name} ${watts(item.powers[index])}`),
    ...(plot.hasSoc ? [percent(block.battery_soc_pct)] : []),
  ];
  return parts.join(" · ");
}

function legend(plot) {
  const entry = (kind, text) =>
    h("li", {}, s("svg", { width: 18, height: 10, "aria-hidden": "true" }, mark(kind)), text);
  return h(
    "ul",
    { class: "legend" },
    entry("pv-area", t("sun")),
    entry("house-line", t("house")),
    ...plot.strips.map((item) => entry("load-area", item.name)),
    ...(plot.hasSoc ? [entry("soc-line", t("soc"))] : []),
  );
}

function mark(kind) {
  if (kind.endsWith("area")) return s("rect", { class: kind, width: 18, height: 10, rx: 2 });
  return s("path", { class: kind, d: "M0 5H18" });
}

function table(plot, isOpen) {
  const names = [t("sun"), t("house"), t("import"), t("export")];
  const loads = plot.strips.map((item) => item.name);
  const columns = [t("hour"), ...names, ...(plot.hasSoc ? [t("soc")] : []), ...loads];
  const details = h("details", { class: "as-table" }, h("summary", {}, t("table")));
  const rows = () =>
    plot.blocks.map((block, index) => {
      const values = [block.pv_power_w, block.house_load_w, block.grid_import_w, block.grid_export_w].map(watts);
      if (plot.hasSoc) values.push(percent(block.battery_soc_pct));
      for (const item of plot.strips) {
        const level = block.loads[item.id]?.level;
        values.push(`${watts(item.powers[index])}${level ? ` → ${levelName(level)}` : ""}`);
      }
      return h("tr", {}, h("th", { scope: "row" }, time(plot.ends[index])), ...values.map((v) => h("td", {}, v)));
    });
  const fillIn = () => {
    if (!details.open || details.querySelector("table")) return;
    const head = h("tr", {}, ...columns.map((name) => h("th", { scope: "col" }, name)));
    const caption = h("caption", { class: "for-ears" }, t("chartTitle", { time: time(plot.last) }));
    const whole = h("table", {}, caption, h("thead", {}, head), h("tbody", {}, ...rows()));
    details.append(h("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": t("table") }, whole));
  };
  details.addEventListener("toggle", fillIn);
  details.open = isOpen;
  return details;
}
