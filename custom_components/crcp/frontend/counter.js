/**
 * Where a tape is between two readings. Home Assistant tells a position once while that moves on
 * by a second each second, and with every reading otherwise; always in whole seconds.
 */

/** A reading this near to what is shown makes no jump: cut to whole seconds, and late by so much. */
const TOLERANCE = 1.25;
const LATENESS = 0.25;

/** Two readings closer together than this tell no speed, in seconds. */
const LEAST_INTERVAL = 0.5;

/** How fast a tape winds until its readings have told: "e.g. 5", says the draft in section 8. */
const PRESUMED = { fast_forward: 5, rewind: -5 };

export class Counter {
  #clock;
  #transport = null;
  #toldAt = null;
  #shown = null;
  #since = 0;
  #rate = 0;
  #first = null;
  #learnt = { ...PRESUMED };

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
    const begins = transport !== this.#transport;
    this.#transport = transport;
    this.#toldAt = toldAt;
    if (position === null) {
      this.#run(null, 0);
    } else if (this.#shown === null) {
      this.#begin(position + (rate ?? 0) * age, position, rate);
    } else if (begins) {
      // The news that the tape does something else may come before the news of where it is.
      this.#begin(isNew ? position : this.now, position, rate);
    } else if (isNew) {
      this.#goOn(position, rate ?? this.#measured(position));
    } else if (rate !== null && rate !== this.#rate) {
      this.#run(this.now, rate);
    }
  }

  #begin(shown, position, rate) {
    this.#first = { position, at: this.#clock() };
    this.#run(shown, rate ?? this.#learnt[this.#transport] ?? 0);
  }

  #goOn(position, rate) {
    const near = Math.abs(position - this.now) <= TOLERANCE + LATENESS * Math.abs(rate);
    this.#run(near && rate ? this.now : position, rate);
  }

  #measured(position) {
    const elapsed = this.#clock() - this.#first.at;
    if (elapsed < LEAST_INTERVAL) {
      // What the tape did was told a moment before where it is: this is the true beginning.
      this.#first = { position, at: this.#clock() };
      return this.#rate;
    }
    this.#learnt[this.#transport] = (position - this.#first.position) / elapsed;
    return this.#learnt[this.#transport];
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
