// The connection to the house: events as they come, honest about when none come.

const SILENT_MS = 15_000; // health is told every five seconds
const AGAIN_MS = 3_000;

/**
 * Listen for ever.
 * @param {Record<string, (document: object) => void>} handlers by kind of event
 * @param {(connected: boolean) => void} onConnection told when the stream stands or breaks
 */
export function listen(handlers, onConnection) {
  let heardAt = performance.now();
  let source = open();

  function open() {
    const stream = new EventSource("/api/v1/events");
    stream.onopen = () => {
      heardAt = performance.now();
      onConnection(true);
    };
    stream.onerror = () => {
      onConnection(false);
      if (stream.readyState === EventSource.CLOSED) setTimeout(again, AGAIN_MS, stream);
    };
    for (const [kind, handle] of Object.entries(handlers)) {
      stream.addEventListener(kind, (event) => {
        heardAt = performance.now();
        handle(JSON.parse(event.data));
      });
    }
    return stream;
  }

  function again(broken) {
    if (source !== broken) return;
    broken.close();
    source = open();
  }

  setInterval(() => {
    if (performance.now() - heardAt < SILENT_MS) return;
    heardAt = performance.now();
    onConnection(false);
    again(source);
  }, 1_000);
}

/** The site's time between two messages: it counts on at the speed that was last seen. */
export class SiteClock {
  #now = null;
  #at = 0;
  #rate = 1;

  /** Take note of the site's time. */
  set(now, isVirtual) {
    const at = performance.now();
    const passed = at - this.#at;
    if (!isVirtual) this.#rate = 1;
    else if (this.#now !== null && passed > 250 && passed < 5_000) {
      const seen = Math.max(0, (now - this.#now) / passed);
      this.#rate = this.#rate === 1 ? seen : 0.5 * this.#rate + 0.5 * seen;
    }
    this.#now = now;
    this.#at = at;
  }

  /** Milliseconds since 1970; never more than a few seconds ahead of what was heard. */
  now() {
    if (this.#now === null) return null;
    return this.#now + this.#rate * Math.min(performance.now() - this.#at, 3_000);
  }

  /** For a clock that is the wall's: it goes on without being told. */
  wallNow() {
    return this.#now === null ? null : this.#now + (performance.now() - this.#at);
  }

  /** Milliseconds since the last message. */
  age() {
    return this.#now === null ? null : performance.now() - this.#at;
  }
}

/** A document of the API; throws if it does not come. */
export async function get(path) {
  const answer = await fetch(`/api/v1/${path}`, { headers: { Accept: "application/json" } });
  if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
  return answer.json();
}
