/**
 * Where a tape is between two readings. Home Assistant tells a position once while that moves on
 * by a second each second, and with every reading otherwise; always in whole seconds.
 */

/** A reading this near to what is shown makes no jump, in seconds at speed 1. */
const TOLERANCE = 1.5;

/** Two readings closer together than this tell no speed, in seconds. */
const LEAST_INTERVAL = 0.5;

export class Counter {
  #clock;
  #transport = null;
  #toldAt = null;
  #shown = null;
  #since = 0;
  #rate = 0;
  #first = null;

  /** clock(): the time in seconds, of any beginning. */
  constructor(clock = () => performance.now() / 1000) {
    this.#clock = clock;
  }

  /** The position to show, in seconds; null for none. */
  get now() {
    if (this.#shown === null) return null;
    return Math.max(0, this.#shown + this.#rate * (this.#clock() - this.#since));
  }

  get isRunning() {
    return this.#shown !== null && this.#rate !== 0;
  }

  /**
   * Take what Home Assistant told. toldAt: whatever changes with each reading. rate: seconds of
   * tape a second, null where it is not known and two readings have to tell it. age: for how many
   * seconds the reading has been known already.
   */
  read({ transport, position, toldAt, rate, age = 0 }) {
    const isNew = toldAt !== this.#toldAt;
    if (position === null) {
      this.#run(null, 0);
    } else if (this.#shown === null) {
      this.#begin(position + (rate ?? 0) * age, position, rate);
    } else if (transport !== this.#transport) {
      // The news that the tape does something else may come before the news of where it is.
      this.#begin(isNew ? position : this.now, position, rate);
    } else if (isNew) {
      this.#goOn(position, rate ?? this.#measured(position));
    } else if (rate !== null && rate !== this.#rate) {
      this.#run(this.now, rate);
    }
    this.#transport = transport;
    this.#toldAt = toldAt;
  }

  #begin(shown, position, rate) {
    this.#first = { position, at: this.#clock() };
    this.#run(shown, rate ?? 0);
  }

  #goOn(position, rate) {
    const near = Math.abs(position - this.now) <= TOLERANCE * Math.max(1, Math.abs(rate));
    this.#run(near && rate ? this.now : position, rate);
  }

  #measured(position) {
    const elapsed = this.#clock() - this.#first.at;
    return elapsed < LEAST_INTERVAL ? this.#rate : (position - this.#first.position) / elapsed;
  }

  #run(shown, rate) {
    this.#shown = shown;
    this.#since = this.#clock();
    this.#rate = rate;
  }
}

/** Seconds as hours, minutes and seconds. */
export function asTime(seconds) {
  if (seconds === null || seconds === undefined) return "--:--:--";
  const whole = Math.floor(seconds);
  const parts = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  return parts.map((part) => String(part).padStart(2, "0")).join(":");
}
