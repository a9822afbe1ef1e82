// One decision in full: every rule with its numbers, what would change it, and the event itself.

import { h } from "./dom.js";
import { glued } from "./format.js";
import { get } from "./live.js";
import { lang, t } from "./words.js";

/** The parts of an explanation, as elements. */
export async function explain(event) {
  const found = await get(`decisions/${event.id}/explanation?depth=detail&lang=${lang()}`);
  const parts = [h("h3", {}, t("rules")), h("ul", { class: "rules" }, ...found.text.map((line) => rule(line, event)))];
  if (found.change) parts.push(h("h3", {}, t("change")), h("p", {}, glued(found.change)));
  const json = h("pre", { tabindex: 0 }, JSON.stringify(event, null, 1));
  parts.push(h("details", { class: "technical" }, h("summary", {}, t("technical"), " ", h("code", {}, event.decision_code)), json));
  return parts;
}

const RULE = /^(R[1-5]) ([^:]+): (—|[A-Z]+), (.+?)(?: — (?:decides|entscheidet))?$/;

/** A line of the core's explanation; the rule that decided is marked. */
function rule(line, event) {
  const found = RULE.exec(line);
  if (!found) return h("li", { class: "plain" }, line);
  const [, code, name, action, reason] = found;
  const decides = code === event.rule && action !== "—";
  const kind = decides ? "decides" : action === "—" ? "silent" : "";
  return h(
    "li",
    { class: kind },
    h("span", { class: "rule-name" }, h("b", {}, code), ` ${name}`),
    h("span", { class: "rule-action" }, action === "—" ? "–" : t(`action.${action}`)),
    h("span", { class: "rule-reason" }, glued(reason), decides ? h("em", {}, t("decides")) : null),
  );
}
