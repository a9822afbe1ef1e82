"""The texts, per language: what a load does, why, and the names of rules and signals.

Placeholders in braces are filled by ``sentences``; ``{surplus_w}`` and the like arrive as
people's numbers with their unit.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from bitgrid_core.reasons import ALL


@dataclass(frozen=True, slots=True, kw_only=True)
class Texts:
    """All texts of one language.

    Attributes:
        decimal_mark: ``.`` or ``,``.
        deeds: what the load does, by deed.
        reasons: why, by reason code.
        rules: name of each rule.
        signals: name of each signal.
        otherwise: joins what is held back.
        semi: why a load that should stop runs on.
        ended: joins that a start by hand became unsafe.
        without: joins what is missing but optional.
        decided: marks the vote that decided.
        confirmed: joins that a person said yes.
    """

    decimal_mark: str
    deeds: dict[str, str]
    reasons: dict[str, str]
    rules: dict[str, str]
    signals: dict[str, str]
    otherwise: str
    ended: str
    semi: str
    without: str
    decided: str
    confirmed: str


EN: Final = Texts(
    decimal_mark=".",
    deeds={
        "stays_off": "Stays off",
        "starts": "Starts at {level}",
        "stops": "Stops",
        "keeps": "Keeps running at {level}",
        "lower": "Goes down to {level}",
        "higher": "Goes up to {level}",
        "changes": "Changes to {level}",
        "propose_start": "Stays off and waits for your yes to start at {level}",
        "propose_stop": "Keeps running at {before} and waits for your yes to stop",
        "propose_level": "Keeps running at {before} and waits for your yes to change to {level}",
        "would_stop": "would otherwise stop",
        "would_start": "would otherwise start at {level}",
        "would_level": "would otherwise change to {level}",
    },
    reasons={
        "OVERTEMP": "{load_temp_mdegc} is above the limit of {max_temp_mdegc}",
        "COMM_TIMEOUT": "no sign of life for {heartbeat_age_ms}, the limit is {comm_timeout_ms}",
        "LOCKOUT": "safety lockout, at least {lockout_left} left",
        "LOCKOUT_HOT": "safety lockout until the load is measured below {resume_temp_mdegc}",
        "MISSING_TELEMETRY": "no valid value of: {signals}",
        "SOC_HARD_MIN": "the battery at {soc_permille} is not above the reserve of "
        "{soc_hard_min_permille}",
        "SOC_RESERVE_STOP": "the battery at {soc_permille} is below the reserve of "
        "{soc_stop_permille}",
        "GRID_IMPORT_EXCEEDED": "the grid supplies {net_import_w}, more than {max_grid_import_w}",
        "SOC_SOFT_MIN": "the battery at {soc_permille} is not above {soc_soft_min_permille}",
        "FORECAST_PV_INSUFFICIENT": "the forecast of {pv_forecast_w} PV is below "
        "{min_predicted_pv_w}",
        "FORECAST_PRICE_SPIKE": "the price reaches {price_peak_ct_per_mwh}, the limit is "
        "{price_spike_ct_per_mwh}",
        "MIN_RUNTIME_NOT_REACHED": "minimum run time, {runtime_left} left",
        "MIN_PAUSE_NOT_REACHED": "minimum pause, {pause_left} left",
        "DEADBAND_ACTIVE": "it changed a moment ago, {deadband_left} of rest left",
        "DAILY_LIMIT": "it started {starts_today} times today, {max_starts_per_day} are allowed",
        "INSUFFICIENT_SURPLUS": "surplus {surplus_w} is below {surplus_throttle_min_w}",
        "SURPLUS_LOST": "surplus {surplus_w} is below {surplus_throttle_min_w}",
        "SURPLUS_LOW": "surplus {surplus_w} is below {surplus_throttle_min_w} for "
        "{blocks_surplus_low} of {surplus_lost_blocks} blocks",
        "PRICE_TOO_HIGH": "the price of {price_ct_per_mwh} is above {price_max_ct_per_mwh}",
        "SURPLUS_THROTTLE": "surplus {surplus_w} is below {surplus_min_w}",
        "SURPLUS_OK": "surplus {surplus_w} is enough",
        "SOC_HOLD": "the battery at {soc_permille} is below {soc_start_permille}",
        "SOC_HOLD_RUNS": "the battery at {soc_permille} is between {soc_stop_permille} and "
        "{soc_start_permille}, where what runs goes on (running on battery discharge is intended)",
        "SOC_HOLD_PV": "with the battery at {soc_permille}, below {soc_standard_permille}, it "
        "starts from {pv_start_w} PV on; now PV is {pv_power_w}",
        "SOC_BAND": "the battery at {soc_permille} is not below {soc_from_permille} (running on "
        "battery discharge is intended)",
        "SOC_BAND_LOWER": "the battery at {soc_permille} is below {soc_left_permille} (running on "
        "battery discharge is intended)",
        "NO_OBJECTION": "no objection",
        "LOAD_RUNNING": "concerns only a load that is off",
        "SIGNAL_MISSING": "no opinion without: {signals}",
        "MANUAL_MODE": "in manual mode only you switch it",
        "OVERRIDE": "you asked for it",
        "OVERRIDE_ENDED": "the time that you asked for is over",
        "LEASE_EXPIRED": "the device heard nothing from the appliance and switched off by itself",
        "TIMEOUT_SAFE": "the appliance took too long to decide",
        "JOURNAL_LOST": "the appliance could not record what it does",
        "CLOCK_HOLD": "the clock was set while it ran; this block changes nothing but for safety",
    },
    rules={
        "R1": "Surplus",
        "R2": "Autarky",
        "R3": "Safety",
        "R4": "Forecast",
        "R5": "Stability",
        "OVERRIDE": "You",
        "MANUAL": "Manual mode",
        "SYS": "System",
    },
    signals={
        "pv_power_w": "PV power",
        "house_load_w": "house load",
        "grid_import_w": "grid import",
        "grid_export_w": "grid export",
        "grid_power_l1_w": "grid power of phase 1",
        "grid_power_l2_w": "grid power of phase 2",
        "grid_power_l3_w": "grid power of phase 3",
        "battery_soc_pct": "battery state of charge",
        "battery_charge_w": "battery charging power",
        "battery_discharge_w": "battery discharging power",
        "energy_price_ct_kwh": "electricity price",
        "pv_forecast_kw": "PV forecast",
        "load_power_w": "load power",
        "load_temp_c": "load temperature",
        "heartbeat": "sign of life",
    },
    otherwise="{held}; {otherwise} because {reason}",
    semi="in semi-automatic mode only you stop it",
    ended="{sentence}; this ends the start that you asked for",
    without="without: {signals}",
    decided="decides",
    confirmed="{sentence}; you said yes",
)

DE: Final = Texts(
    decimal_mark=",",
    deeds={
        "stays_off": "Bleibt aus",
        "starts": "Startet auf {level}",
        "stops": "Schaltet ab",
        "keeps": "Läuft weiter auf {level}",
        "lower": "Geht herunter auf {level}",
        "higher": "Geht hoch auf {level}",
        "changes": "Wechselt auf {level}",
        "propose_start": "Bleibt aus und wartet auf Ihr Ja zum Start auf {level}",
        "propose_stop": "Läuft weiter auf {before} und wartet auf Ihr Ja zum Abschalten",
        "propose_level": "Läuft weiter auf {before} und wartet auf Ihr Ja zum Wechsel auf {level}",
        "would_stop": "würde sonst abschalten",
        "would_start": "würde sonst auf {level} starten",
        "would_level": "würde sonst auf {level} wechseln",
    },
    reasons={
        "OVERTEMP": "{load_temp_mdegc} liegen über der Grenze von {max_temp_mdegc}",
        "COMM_TIMEOUT": "seit {heartbeat_age_ms} kein Lebenszeichen, Grenze {comm_timeout_ms}",
        "LOCKOUT": "Sicherheitssperre, noch mindestens {lockout_left}",
        "LOCKOUT_HOT": "Sicherheitssperre, bis die Last unter {resume_temp_mdegc} gemessen wird",
        "MISSING_TELEMETRY": "kein gültiger Wert für: {signals}",
        "SOC_HARD_MIN": "der Speicher mit {soc_permille} liegt nicht über der Reserve von "
        "{soc_hard_min_permille}",
        "SOC_RESERVE_STOP": "der Speicher mit {soc_permille} liegt unter der Reserve von "
        "{soc_stop_permille}",
        "GRID_IMPORT_EXCEEDED": "das Netz liefert {net_import_w}, mehr als {max_grid_import_w}",
        "SOC_SOFT_MIN": "der Speicher mit {soc_permille} liegt nicht über {soc_soft_min_permille}",
        "FORECAST_PV_INSUFFICIENT": "die Prognose von {pv_forecast_w} PV liegt unter "
        "{min_predicted_pv_w}",
        "FORECAST_PRICE_SPIKE": "der Preis erreicht {price_peak_ct_per_mwh}, Grenze "
        "{price_spike_ct_per_mwh}",
        "MIN_RUNTIME_NOT_REACHED": "Mindestlaufzeit, noch {runtime_left}",
        "MIN_PAUSE_NOT_REACHED": "Mindestpause, noch {pause_left}",
        "DEADBAND_ACTIVE": "gerade erst geändert, noch {deadband_left} Ruhe",
        "DAILY_LIMIT": "heute schon {starts_today} Starts, erlaubt sind {max_starts_per_day}",
        "INSUFFICIENT_SURPLUS": "der Überschuss von {surplus_w} liegt unter "
        "{surplus_throttle_min_w}",
        "SURPLUS_LOST": "der Überschuss von {surplus_w} liegt unter {surplus_throttle_min_w}",
        "SURPLUS_LOW": "der Überschuss von {surplus_w} liegt unter {surplus_throttle_min_w}, "
        "seit {blocks_surplus_low} von {surplus_lost_blocks} Blöcken",
        "PRICE_TOO_HIGH": "der Preis von {price_ct_per_mwh} liegt über {price_max_ct_per_mwh}",
        "SURPLUS_THROTTLE": "der Überschuss von {surplus_w} liegt unter {surplus_min_w}",
        "SURPLUS_OK": "der Überschuss von {surplus_w} reicht",
        "SOC_HOLD": "der Speicher mit {soc_permille} liegt unter {soc_start_permille}",
        "SOC_HOLD_RUNS": "der Speicher mit {soc_permille} liegt zwischen {soc_stop_permille} und "
        "{soc_start_permille}, wo weiterläuft, was läuft (Betrieb aus dem Speicher ist gewollt)",
        "SOC_HOLD_PV": "mit dem Speicher auf {soc_permille}, unter {soc_standard_permille}, "
        "startet sie erst ab {pv_start_w} PV; jetzt sind es {pv_power_w}",
        "SOC_BAND": "der Speicher mit {soc_permille} liegt nicht unter {soc_from_permille} "
        "(Betrieb aus dem Speicher ist gewollt)",
        "SOC_BAND_LOWER": "der Speicher mit {soc_permille} liegt unter {soc_left_permille} "
        "(Betrieb aus dem Speicher ist gewollt)",
        "NO_OBJECTION": "kein Einwand",
        "LOAD_RUNNING": "betrifft nur eine Last, die aus ist",
        "SIGNAL_MISSING": "keine Meinung ohne: {signals}",
        "MANUAL_MODE": "im Handbetrieb schalten nur Sie",
        "OVERRIDE": "Sie wollten es so",
        "OVERRIDE_ENDED": "die Zeit, die Sie vorgaben, ist um",
        "LEASE_EXPIRED": "das Gerät hörte nichts mehr von der Zentrale und schaltete selbst ab",
        "TIMEOUT_SAFE": "die Zentrale brauchte zu lange für ihre Entscheidung",
        "JOURNAL_LOST": "die Zentrale konnte nicht aufzeichnen, was sie tut",
        "CLOCK_HOLD": "die Uhr wurde im Betrieb gestellt; dieser Block ändert nichts, was nicht "
        "sicher sein muss",
    },
    rules={
        "R1": "Überschuss",
        "R2": "Autarkie",
        "R3": "Sicherheit",
        "R4": "Prognose",
        "R5": "Stabilität",
        "OVERRIDE": "Sie",
        "MANUAL": "Handbetrieb",
        "SYS": "System",
    },
    signals={
        "pv_power_w": "PV-Leistung",
        "house_load_w": "Hauslast",
        "grid_import_w": "Netzbezug",
        "grid_export_w": "Einspeisung",
        "grid_power_l1_w": "Netzleistung der Phase 1",
        "grid_power_l2_w": "Netzleistung der Phase 2",
        "grid_power_l3_w": "Netzleistung der Phase 3",
        "battery_soc_pct": "Ladestand des Speichers",
        "battery_charge_w": "Ladeleistung des Speichers",
        "battery_discharge_w": "Entladeleistung des Speichers",
        "energy_price_ct_kwh": "Strompreis",
        "pv_forecast_kw": "PV-Prognose",
        "load_power_w": "Leistung der Last",
        "load_temp_c": "Temperatur der Last",
        "heartbeat": "Lebenszeichen",
    },
    otherwise="{held}; {otherwise}, denn {reason}",
    semi="in der Halbautomatik schalten nur Sie ab",
    ended="{sentence}; damit endet der Start, den Sie wollten",
    without="ohne: {signals}",
    decided="entscheidet",
    confirmed="{sentence}; Sie haben Ja gesagt",
)

TEXTS: Final = {"en": EN, "de": DE}

for _texts in TEXTS.values():
    assert not set(ALL) - set(_texts.reasons), "a reason without a text is broken code"
