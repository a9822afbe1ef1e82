// The page's own words, German and English. Sentences about decisions come from the core.

const WORDS = {
  de: {
    skip: "Zum Inhalt",
    language: "Sprache",
    loads: "Verbraucher",
    loading: "Einen Moment …",
    none: "Noch keine Entscheidung. Die erste fällt am Ende des laufenden Blocks, um {time}.",
    runs: "Läuft",
    off: "Aus",
    at: "mit {power}",
    level: "Stufe",
    change: "Was es ändern würde",
    mayStart: "Frühester Start: {time}",
    mayStop: "Zu wenig Sonne oder Ladung schaltet frühestens um {time} ab",
    next: "Entscheidet wieder um {time}",
    nextIn: "in {left}",
    paused: "Zeit steht",
    proposed: "Nur ein Vorschlag: wartet auf Bestätigung.",
    held_by_autonomy: "Zurückgehalten: Die Autonomiestufe erlaubt es nicht.",
    decided: "Entschieden ist: {level}. Das Gerät ist noch nicht so weit.",
    LEASE_EXPIRED: "Das Gerät hat selbst abgeschaltet, weil keine Anweisung mehr kam.",
    STOP_UNCONFIRMED: "Das Abschalten ist noch nicht bestätigt.",
    EXTERNAL: "Jemand hat das Gerät direkt geschaltet.",
    miner: "Miner",
    heating_rod: "Heizstab",
    load: "Verbraucher",
    "level.off": "Aus",
    "level.eco": "Eco",
    "level.standard": "Standard",
    "level.super": "Super",
    flow: "Wohin jedes Watt geht",
    flowAt: "Stand {time}",
    flowMean: "Mittel bis {time}",
    flowNote: "Aufgeteilt nach Vorrang: erst Sonne, dann Batterie, dann Netz; erst Haus, dann Verbraucher.",
    flowDerived: "Batterieentladung aus der Bilanz.",
    flowNone: "Noch keine Messwerte.",
    flowMissing: "Ohne Messwert: {names}.",
    sun: "Sonne",
    battery: "Batterie",
    charges: "Batterie lädt mit {power}",
    discharges: "Batterie gibt {power} ab",
    rests: "Batterie ruht",
    grid: "Netz",
    import: "Netzbezug",
    export: "Einspeisung",
    house: "Haus",
    unaccounted: "Ungeklärt",
    day: "Der Tag",
    dayNone: "Die Kurve beginnt mit der ersten Entscheidung.",
    chartTitle: "Der Tag bis {time}",
    chartText: "Sonne höchstens {pv}, Haus höchstens {house}, {loads}.",
    chartRan: "{name} lief {hours} h",
    table: "Als Tabelle",
    hour: "Zeit",
    now: "jetzt",
    past: "Entscheidungen",
    pastHint: "Antippen zeigt alle Regeln",
    older: "Ältere zeigen",
    pastNone: "Noch keine.",
    rules: "Alle Regeln",
    technical: "Technisches Ereignis",
    decides: "entscheidet",
    "action.START": "einschalten",
    "action.THROTTLE": "drosseln",
    "action.STOP": "abschalten",
    "action.NOOP": "so lassen",
    fails: "Das konnte nicht geladen werden. Noch einmal versuchen.",
    live: "Live",
    warn: "Achtung",
    error: "Störung",
    lost: "Getrennt",
    connecting: "Verbindet",
    virtual: "Demo {time}",
    lostBanner: "Keine Verbindung zum Haus. Werte von vor {age}.",
    lostBannerNever: "Keine Verbindung zum Haus.",
    oldBanner: "Diese Werte sind nicht aktuell: {reason}",
    safeBanner: "Sicherer Zustand: Verbraucher sind aus, bis die Ursache behoben ist.",
    degradedNote: "Es fehlt: {names}. Die Regeln, die das brauchen, enthalten sich.",
    heard: "Zuletzt gehört vor {age}",
    neverHeard: "Noch nichts gehört",
    "reason.OK": "Alles in Ordnung.",
    "reason.BROKER_AWAY": "Der Nachrichtendienst (MQTT) ist nicht erreichbar.",
    "reason.SILENT": "Seit über 90 Sekunden kam keine Nachricht.",
    "reason.DECISION_LATE": "Die fällige Entscheidung ist ausgeblieben.",
    "reason.NO_DECISION_YET": "Es wurde noch nichts entschieden.",
    "reason.JOURNAL_UNREADABLE": "Das Journal ist nicht lesbar.",
    "reason.GONE": "Prozess beendet.",
    "signal.pv_power_w": "PV-Leistung",
    "signal.house_load_w": "Hauslast",
    "signal.grid_import_w": "Netzbezug",
    "signal.battery_soc_pct": "Ladestand",
    "signal.battery_charge_w": "Ladeleistung",
    "signal.battery_discharge_w": "Entladeleistung",
    "signal.energy_price_ct_kwh": "Strompreis",
    "signal.pv_forecast_kw": "PV-Prognose",
    "signal.load_temp_c": "Temperatur",
    "signal.heartbeat": "Lebenszeichen",
    mirror: "Spiegel",
    mirrorPending: "{n} warten",
    mirrorOff: "Aus – nichts verlässt das Haus.",
    mirrorOn: "Verschlüsselt an {names}",
    mirrorTo: "Ziel: {target}",
    mirrorLast: "zuletzt {time}",
    mirrorSent: "{n} Objekte, {bytes}",
    mirrorSilent: "Der Spiegel hat noch nichts gemeldet.",
    mirrorUntil: "Zustimmung bis {date}",
    soc: "Ladestand",
    autonomy: "Autonomie {level}",
  },
  en: {
    skip: "Skip to content",
    language: "Language",
    loads: "Loads",
    loading: "One moment …",
    none: "Nothing decided yet. The first decision comes at the end of the running block, at {time}.",
    runs: "Running",
    off: "Off",
    at: "at {power}",
    level: "Level",
    change: "What would change it",
    mayStart: "Earliest start: {time}",
    mayStop: "Too little sun or charge can stop it at {time} at the earliest",
    next: "Decides again at {time}",
    nextIn: "in {left}",
    paused: "time stands still",
    proposed: "Only a proposal: waits to be confirmed.",
    held_by_autonomy: "Held back: the autonomy level does not allow it.",
    decided: "Decided: {level}. The device has not done it yet.",
    LEASE_EXPIRED: "The device switched itself off because no instruction came any more.",
    STOP_UNCONFIRMED: "Switching off is not confirmed yet.",
    EXTERNAL: "Somebody switched the device directly.",
    miner: "Miner",
    heating_rod: "Heating rod",
    load: "Load",
    "level.off": "Off",
    "level.eco": "Eco",
    "level.standard": "Standard",
    "level.super": "Super",
    flow: "Where each watt goes",
    flowAt: "at {time}",
    flowMean: "mean until {time}",
    flowNote: "Shared out by priority: sun first, then battery, then grid; house first, then loads.",
    flowDerived: "Battery discharge from the balance.",
    flowNone: "No measurements yet.",
    flowMissing: "Not measured: {names}.",
    sun: "Sun",
    battery: "Battery",
    charges: "battery charges at {power}",
    discharges: "battery gives {power}",
    rests: "battery rests",
    grid: "Grid",
    import: "Grid import",
    export: "Grid export",
    house: "House",
    unaccounted: "Unaccounted",
    day: "The day",
    dayNone: "The chart begins with the first decision.",
    chartTitle: "The day until {time}",
    chartText: "Sun at most {pv}, house at most {house}, {loads}.",
    chartRan: "{name} ran {hours} h",
    table: "As a table",
    hour: "Time",
    now: "now",
    past: "Decisions",
    pastHint: "Open one to see every rule",
    older: "Show older ones",
    pastNone: "None yet.",
    rules: "Every rule",
    technical: "Technical event",
    decides: "decides",
    "action.START": "switch on",
    "action.THROTTLE": "throttle",
    "action.STOP": "switch off",
    "action.NOOP": "leave it",
    fails: "This could not be loaded. Try again.",
    live: "Live",
    warn: "Attention",
    error: "Fault",
    lost: "Disconnected",
    connecting: "Connecting",
    virtual: "demo {time}",
    lostBanner: "No connection to the house. Values are {age} old.",
    lostBannerNever: "No connection to the house.",
    oldBanner: "These values are not current: {reason}",
    safeBanner: "Safe state: loads stay off until the cause is gone.",
    degradedNote: "Missing: {names}. The rules that need it abstain.",
    heard: "Last heard {age} ago",
    neverHeard: "Nothing heard yet",
    "reason.OK": "All is well.",
    "reason.BROKER_AWAY": "The message service (MQTT) cannot be reached.",
    "reason.SILENT": "No message for more than 90 seconds.",
    "reason.DECISION_LATE": "The decision that was due did not come.",
    "reason.NO_DECISION_YET": "Nothing was decided yet.",
    "reason.JOURNAL_UNREADABLE": "The journal cannot be read.",
    "reason.GONE": "Process ended.",
    "signal.pv_power_w": "PV power",
    "signal.house_load_w": "house load",
    "signal.grid_import_w": "grid import",
    "signal.battery_soc_pct": "state of charge",
    "signal.battery_charge_w": "charging power",
    "signal.battery_discharge_w": "discharging power",
    "signal.energy_price_ct_kwh": "electricity price",
    "signal.pv_forecast_kw": "PV forecast",
    "signal.load_temp_c": "temperature",
    "signal.heartbeat": "sign of life",
    mirror: "Mirror",
    mirrorPending: "{n} waiting",
    mirrorOff: "Off – nothing leaves the house.",
    mirrorOn: "Encrypted for {names}",
    mirrorTo: "to {target}",
    mirrorLast: "last {time}",
    mirrorSent: "{n} objects, {bytes}",
    mirrorSilent: "The mirror has not reported yet.",
    mirrorUntil: "consent until {date}",
    soc: "Charge",
    autonomy: "Autonomy {level}",
  },
};

let current = "en";

/** The language of the page: "de" or "en". */
export const lang = () => current;

/** A text by its key, with {names} filled in; an unknown key is shown as it is. */
export function t(key, values = {}) {
  const text = WORDS[current][key] ?? WORDS.en[key] ?? key;
  return text.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
}

export const known = (key) => key in WORDS.en;

/** The reader's choice, else the browser's first language that the page speaks. */
export function startLanguage() {
  const chosen = remembered();
  const wanted = chosen ? [chosen] : navigator.languages ?? [navigator.language ?? "en"];
  const found = wanted.map((tag) => tag.slice(0, 2).toLowerCase()).find((tag) => tag in WORDS);
  apply(found ?? "en");
}

export function chooseLanguage(tag) {
  try {
    localStorage.setItem("bitgrid.lang", tag);
  } catch {
    // A browser that remembers nothing still switches.
  }
  apply(tag);
}

function remembered() {
  try {
    return localStorage.getItem("bitgrid.lang");
  } catch {
    return null;
  }
}

function apply(tag) {
  current = tag;
  document.documentElement.lang = tag;
  for (const element of document.querySelectorAll("[data-t]")) {
    element.textContent = t(element.dataset.t);
  }
  for (const element of document.querySelectorAll("[data-t-label]")) {
    element.setAttribute("aria-label", t(element.dataset.tLabel));
  }
  for (const button of document.querySelectorAll("[data-lang]")) {
    button.setAttribute("aria-pressed", String(button.dataset.lang === tag));
  }
}
