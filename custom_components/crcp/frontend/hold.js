/**
 * Hold to move, and what makes it stop.
 *
 * An order moves for LIFETIME and no longer, and it is given anew every RESEND while something is
 * held: if this page, this device or the network dies meanwhile, Home Assistant stops the camera,
 * or the tape, by itself. A release stops it at once.
 */

/** How long an order lasts, in the words of an action. */
export const LIFETIME = { seconds: 1, milliseconds: 500 };

/** Milliseconds between two orders, while the same is held, and while that changes. */
const RESEND = 500;
const PACE = 200;

export class Mover {
  #move;
  #halt;
  #held = new Map();
  #mustHalt = false;
  #running = false;
  #flying = false;
  #wake = null;
  #soon = null;

  /**
   * move(held): gives the order, for LIFETIME; halt(): stops whatever moves. Both return a
   * promise, and tell a person themselves what went wrong.
   */
  constructor(move, halt) {
    this.#move = move;
    this.#halt = halt;
  }

  /** Hold directions until the same token is released: one token for each finger and each key. */
  press(token, directions) {
    if (this.#held.has(token)) return;
    this.#held.set(token, directions);
    this.#changed();
  }

  /** Hold something else by a token that may be held already. */
  change(token, things) {
    const isHeld = this.#held.has(token);
    this.#held.set(token, things);
    if (!isHeld) return this.#changed();
    this.#soon ??= setTimeout(() => {
      this.#soon = null;
      this.#wake?.();
    }, PACE);
  }

  /** Let go without a stop: something else was ordered. */
  drop() {
    this.#held.clear();
    this.#wake?.();
  }

  release(token) {
    if (this.#held.delete(token)) this.#stop();
  }

  /** Let go of everything. */
  releaseAll() {
    if (!this.#held.size) return;
    this.#held.clear();
    this.#stop();
  }

  /** Let go, and stop what moves whoever moved it. */
  halt() {
    this.#held.clear();
    this.#stop();
  }

  get isHolding() {
    return this.#held.size > 0;
  }

  /** Whether something is held, or its stop is on its way. */
  get isBusy() {
    return this.#running;
  }

  #stop() {
    this.#mustHalt = true;
    // An order that is still on its way may arrive after this: then it is stopped once more.
    if (this.#flying) this.#halt().catch(() => {});
    this.#changed();
  }

  #changed() {
    this.#wake?.();
    if (!this.#running) this.#run();
  }

  async #run() {
    this.#running = true;
    while (this.#held.size || this.#mustHalt) {
      if (this.#mustHalt) {
        this.#mustHalt = false;
        await this.#halt().catch(() => {});
      } else {
        await this.#order();
      }
    }
    this.#running = false;
  }

  async #order() {
    const pause = new Promise((go) => {
      this.#wake = go;
    });
    this.#flying = true;
    try {
      await this.#move([...new Set([...this.#held.values()].flat())]);
    } catch {
      // It was refused, or nobody is there: asking again and again would not help.
      this.#held.clear();
      this.#mustHalt = true;
    }
    this.#flying = false;
    if (!this.#mustHalt) {
      const timer = setTimeout(this.#wake, RESEND);
      await pause;
      clearTimeout(timer);
    }
    this.#wake = null;
  }
}

/** Values for one thing, one on its way at a time: of those that came meanwhile the last is sent. */
export class LastWins {
  #send;
  #pace;
  #next = null;
  #running = null;

  /** send(value): returns a promise. pace: milliseconds between two. */
  constructor(send, pace = 200) {
    this.#send = send;
    this.#pace = pace;
  }

  /** Send a value; the promise is kept when nothing is left to send, and never broken. */
  put(value) {
    this.#next = { value };
    this.#running ??= this.#run();
    return this.#running;
  }

  async #run() {
    while (this.#next) {
      const { value } = this.#next;
      this.#next = null;
      await this.#send(value).catch(() => {});
      await new Promise((go) => setTimeout(go, this.#pace));
    }
    this.#running = null;
  }
}
