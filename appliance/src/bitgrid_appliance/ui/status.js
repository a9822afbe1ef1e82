// Whether what is shown can be believed, and what leaves the house.

import { byId, h, setText } from "./dom.js";
import { age, bytes, date, time, timeWithSeconds, plain } from "./format.js";
import { known, t } from "./words.js";

/** A reason of the health document as a sentence. */
function reasonText(reason) {
  if (known(`reason.${reason}`)) return t(`reason.${reason}`);
  const [component, code] = reason.split(": ");
  return code && known(`reason.${code}`) ? `${component}: ${t(`reason.${code}`)}` : reason;
}

/** The badge, the banner and the greying. */
export function showStatus({ connected, everConnected, health, state, now, ageMs }) {
  const kind = connected ? (health?.status ?? "connecting") : everConnected ? "lost" : "connecting";
  const isOld = kind === "lost" || kind === "error" || (state !== null && !state.fresh && state.block_id !== null);
  document.body.classList.toggle("is-old", isOld);
  byId("health").dataset.kind = kind;
  const words = { ok: "live", warn: "warn", error: "error", lost: "lost", connecting: "connecting" };
  setText(byId("health-text"), badge(t(words[kind]), kind, { state, now, ageMs }));
  showDetails(health);
  showBanner(kind, { health, state, ageMs });
}

function badge(word, kind, { state, now, ageMs }) {
  if (kind === "lost" && ageMs !== null) return `${word} · ${age(ageMs / 1000)}`;
  if (state?.clock === "virtual" && now !== null) return `${word} · ${t("virtual", { time: time(now) })}`;
  return word;
}

function showBanner(kind, { health, state, ageMs }) {
  const banner = byId("banner");
  let text = "";
  if (kind === "lost") text = ageMs === null ? t("lostBannerNever") : t("lostBanner", { age: age(ageMs / 1000) });
  else if (kind === "error") text = t("oldBanner", { reason: reasonText(health.reason) });
  else if (state?.mode === "safe") text = t("safeBanner");
  banner.hidden = text === "";
  banner.className = `banner ${kind === "lost" || kind === "error" ? "is-error" : "is-safe"}`;
  setText(banner, text);
}

function showDetails(health) {
  const host = byId("health-more");
  if (!health) {
    host.replaceChildren(h("p", {}, t("connecting")));
    return;
  }
  const heard = health.age_s === null ? t("neverHeard") : t("heard", { age: age(health.age_s) });
  const parts = Object.entries(health.components).map(([name, part]) =>
    h("li", { "data-kind": part.status }, h("span", { class: "dot", "aria-hidden": "true" }), `${name}: ${part.reason || part.status}`),
  );
  host.replaceChildren(h("p", {}, reasonText(health.reason)), h("p", {}, heard), h("ul", {}, ...parts));
}

/** The line about the mirror: off, or to whom, how much and when. */
export function showMirror(mirror, state) {
  const parts = mirror === null ? [] : mirrorParts(mirror);
  const autonomy = state?.autonomy ? [h("span", {}, t("autonomy", { level: state.autonomy }))] : [];
  byId("mirror").replaceChildren(h("p", {}, h("strong", {}, t("mirror")), ...parts), h("p", {}, ...autonomy));
}

function mirrorParts({ on, consent, status }) {
  if (!on) return [h("span", {}, t("mirrorOff"))];
  const names = consent.recipients.map((recipient) => recipient.name).join(", ");
  const texts = [t("mirrorOn", { names }), t("mirrorTo", { target: consent.target })];
  if (status === null) texts.push(t("mirrorSilent"));
  else texts.push(...pushed(status));
  const until = Date.parse(consent.valid_until);
  if (!Number.isNaN(until)) texts.push(t("mirrorUntil", { date: date(until) }));
  return texts.map((text) => h("span", {}, text));
}

/** What the agent says of itself; untrusted, so that each value is looked at. */
function pushed(status) {
  const texts = [];
  const count = status.objects ?? status.sealed_objects;
  const size = status.bytes_pushed;
  if (Number.isFinite(count) && Number.isFinite(size)) {
    texts.push(t("mirrorSent", { n: plain(count), bytes: bytes(size) }));
  }
  if (status.pending > 0) texts.push(t("mirrorPending", { n: plain(status.pending) }));
  for (const said of [status.alarm, status.notice]) {
    if (typeof said === "string" && said !== "") texts.push(said.slice(0, 200));
  }
  const last = Date.parse(status.last_push_at ?? "");
  if (!Number.isNaN(last)) texts.push(t("mirrorLast", { time: timeWithSeconds(last) }));
  return texts;
}
