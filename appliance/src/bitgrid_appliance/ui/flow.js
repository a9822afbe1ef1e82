// Where each watt goes: sources on the left, sinks on the right, ribbons as wide as their power.
// Measured numbers only; the one that follows from the balance is named as such.

import { byId, h, s, setText } from "./dom.js";
import { percent, timeWithSeconds, time, watts } from "./format.js";
import { loadName } from "./loads.js";
import { t } from "./words.js";

const NOISE_W = 15; // below this a difference is rounding
const NEEDED = ["pv_power_w", "house_load_w", "grid_import_w"];
let drawn = "";

/** The site's numbers now: newest measurements, or the decided window's means without them. */
export function siteNow(state) {
  const live = (name) => state.live[name]?.value ?? null;
  const mean = (name) => state.state?.[name] ?? null;
  const isLive = NEEDED.every((name) => live(name) !== null);
  const take = isLive ? live : mean;
  const ats = NEEDED.map((name) => state.live[name]?.at ?? "").sort();
  return {
    isLive,
    at: isLive ? ats[0] : state.block_start,
    pv: take("pv_power_w"),
    house: take("house_load_w"),
    imported: take("grid_import_w"),
    exported: take("grid_export_w") ?? 0,
    charge: take("battery_charge_w") ?? 0,
    soc: live("battery_soc_pct") ?? mean("battery_soc_pct"),
    loads: state.loads.map((load) => ({
      id: load.id,
      name: loadName(load, state.loads),
      w: isLive ? load.power_w ?? 0 : load.decision.state.load_power_w ?? 0,
    })),
  };
}

/**
 * Share the sources out to the sinks, in order: sun, battery, grid; house, loads, battery, export.
 * What does not add up becomes battery discharge where there is a battery, else "unaccounted".
 */
export function allocate(site) {
  const loads = site.loads.filter((load) => load.w > 0);
  const used = site.house + loads.reduce((sum, load) => sum + load.w, 0);
  const gap = used + site.charge + site.exported - site.pv - site.imported;
  const discharge = site.soc !== null && gap > NOISE_W ? gap : 0;
  const missing = site.soc === null && gap > NOISE_W ? gap : 0;
  const sources = [
    { id: "pv", w: site.pv },
    { id: "discharge", w: discharge },
    { id: "import", w: site.imported },
    { id: "unaccounted", w: missing },
  ].filter((node) => node.w >= 1);
  const sinks = [
    { id: "house", w: site.house },
    ...loads.map((load) => ({ id: "load", name: load.name, w: load.w })),
    { id: "charge", w: site.charge },
    { id: "export", w: site.exported },
    { id: "unaccounted", w: gap < -NOISE_W ? -gap : 0 },
  ].filter((node) => node.w >= 1);
  return { sources, sinks, ribbons: ribbons(sources, sinks), derived: discharge > 0 };
}

function ribbons(sources, sinks) {
  const found = [];
  const wanted = sinks.map((sink) => sink.w);
  sources.forEach((source, from) => {
    let left = source.w;
    sinks.forEach((sink, to) => {
      const w = Math.min(left, wanted[to]);
      if (w < 1) return;
      found.push({ from, to, w });
      left -= w;
      wanted[to] -= w;
    });
  });
  return found;
}

/** Draw the picture. */
export function showFlow(state) {
  const host = byId("flow");
  const site = siteNow(state);
  const lost = NEEDED.filter((_, index) => [site.pv, site.house, site.imported][index] === null);
  if (lost.length > 0) {
    drawn = "";
    host.replaceChildren(h("p", { class: "waiting" }, state.state ? missing(lost) : t("flowNone")));
    setText(byId("flow-at"), "");
    setText(byId("flow-note"), "");
    return;
  }
  const at = site.isLive ? t("flowAt", { time: timeWithSeconds(site.at) }) : t("flowMean", { time: time(site.at) });
  setText(byId("flow-at"), at);
  const flow = allocate(site);
  setText(byId("flow-note"), flow.derived ? `${t("flowNote")} ${t("flowDerived")}` : t("flowNote"));
  const width = Math.max(280, Math.floor(host.clientWidth));
  const key = JSON.stringify([flow, width, site.soc, document.documentElement.lang]);
  if (key === drawn) return;
  drawn = key;
  host.replaceChildren(picture(flow, width), ...battery(site, flow));
}

function missing(names) {
  const words = { pv_power_w: t("sun"), house_load_w: t("house"), grid_import_w: t("grid") };
  return t("flowMissing", { names: names.map((name) => words[name]).join(", ") });
}

function label(node) {
  const labels = { pv: "sun", discharge: "battery", charge: "battery" };
  return node.name ?? t(labels[node.id] ?? node.id);
}

function picture(flow, width) {
  const side = Math.min(128, Math.round(width * 0.3));
  const slots = Math.max(flow.sources.length, flow.sinks.length);
  const total = Math.max(sum(flow.sources), sum(flow.sinks), 1);
  const height = Math.max(96, slots * 58);
  const scale = (height - (slots - 1) * 16) / total;
  const place = (nodes) => placed(nodes, scale, height);
  const [left, right] = [place(flow.sources), place(flow.sinks)];
  const [x0, x1] = [side, width - side];
  const words = [...left, ...right].map((node) => `${label(node)} ${watts(node.w)}`);
  return s(
    "svg",
    { class: "sankey", viewBox: `0 0 ${width} ${height}`, width, height, role: "img" },
    s("title", {}, t("flow")),
    s("desc", {}, `${words.join(", ")}.`),
    ...strokes(flow, left, right, [x0, x1, scale]),
    ...left.flatMap((node) => nodeMarks(node, x0, -1)),
    ...right.flatMap((node) => nodeMarks(node, x1, 1)),
  );
}

/** The battery in one line, also when it rests and no ribbon leads to it. */
function battery(site, flow) {
  if (site.soc === null) return [];
  const power = (nodes, id) => nodes.find((node) => node.id === id)?.w ?? 0;
  const [gives, takes] = [power(flow.sources, "discharge"), power(flow.sinks, "charge")];
  const does = takes > 0 ? t("charges", { power: watts(takes) }) : gives > 0 ? t("discharges", { power: watts(gives) }) : t("rests");
  const icon = s(
    "svg",
    { width: 36, height: 16, viewBox: "0 0 36 16", "aria-hidden": "true" },
    s("rect", { class: "cell", x: 0.75, y: 0.75, width: 31.5, height: 14.5, rx: 3.5, "stroke-width": 1.5 }),
    s("rect", { class: "pole", x: 33.5, y: 5, width: 2.5, height: 6, rx: 1 }),
    s("rect", { class: "charge", x: 2.75, y: 2.75, width: Math.max(1, site.soc * 0.275), height: 10.5, rx: 1.5 }),
  );
  return [h("p", { class: "battery" }, icon, h("strong", {}, percent(site.soc)), h("span", {}, does))];
}

function sum(nodes) {
  return nodes.reduce((total, node) => total + node.w, 0);
}

/** Nodes below one another, each with room for its two lines of text, centred as a column. */
function placed(nodes, scale, height) {
  const slots = nodes.map((node) => Math.max(node.w * scale, 3));
  const rooms = slots.map((slot) => Math.max(slot, 38));
  const used = rooms.reduce((total, room) => total + room, 0);
  const gap = nodes.length > 1 ? Math.max(4, Math.min(20, (height - used) / (nodes.length - 1))) : 0;
  let y = Math.max(0, (height - used - gap * (nodes.length - 1)) / 2);
  return nodes.map((node, index) => {
    const top = y + (rooms[index] - slots[index]) / 2;
    y += rooms[index] + gap;
    return { ...node, top, size: slots[index], filled: 0 };
  });
}

function strokes(flow, left, right, [x0, x1, scale]) {
  return flow.ribbons.map((ribbon) => {
    const [from, to] = [left[ribbon.from], right[ribbon.to]];
    const size = Math.max(ribbon.w * scale, 1.5);
    const [y0, y1] = [from.top + from.filled, to.top + to.filled];
    from.filled += size;
    to.filled += size;
    const middle = (x0 + x1) / 2;
    const there = `M${x0 + 5} ${y0}C${middle} ${y0} ${middle} ${y1} ${x1 - 5} ${y1}`;
    const back = `v${size}C${middle} ${y1 + size} ${middle} ${y0 + size} ${x0 + 5} ${y0 + size}Z`;
    return s("path", { class: `ribbon from-${from.id}`, d: there + back });
  });
}

function nodeMarks(node, x, direction) {
  const middle = node.top + node.size / 2;
  const textX = x + direction * 10;
  const anchor = direction < 0 ? "end" : "start";
  const text = { x: textX, "text-anchor": anchor };
  return [
    s("rect", { class: `node is-${node.id}`, x: x - 5, y: node.top, width: 10, height: node.size, rx: 2 }),
    s("text", { ...text, class: "node-power", y: middle - 1 }, watts(node.w)),
    s("text", { ...text, class: "node-name", y: middle + 14 }, label(node)),
  ];
}
