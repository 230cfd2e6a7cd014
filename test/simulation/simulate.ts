// One seed: some gateways, some customers, some requests, and whatever the seed makes go wrong; then calm, until everything
// is over; then the final judgement. Returns what was wrong, nothing for a run in which all held.

import { nano } from '../../server/src/domain/money/nano.ts';
import { serve } from '../../server/src/gateway/serve.ts';
import { ok } from '../../server/src/lib/result.ts';
import { BooksModel } from './books-model.ts';
import { BooksServer } from './books-line.ts';
import { Chance } from './chance.ts';
import { ClientModel, plainProtocol } from './client-model.ts';
import { countsOf } from './counts.ts';
import { CreditsModel } from './credits-model.ts';
import { DiskModel, Killed } from './disk-model.ts';
import { Machine } from './machine.ts';
import { Office } from './office.ts';
import { admissionOf, callerOf, orderOf } from './orders.ts';
import type { Asked } from './asked.ts';
import { Oracle } from './oracle.ts';
import { PLIGHTS, planPlight } from './plights.ts';
import { keyOf } from './snapshot-of.ts';
import { spendTheRest } from './spend-the-rest.ts';
import { makeTrouble, TROUBLES } from './trouble.ts';
import { midnightNear } from './midnight.ts';
import { World } from './world.ts';

export type Run = {
  readonly violations: readonly string[];
  readonly trace: readonly string[];
  /** Of what was to happen, how often it did. */
  readonly counts: Readonly<Record<string, number>>;
};

/** Two seeds that differ by less have nothing in common. */
const DECISIONS = 1_000_000_007;
/** By then every machine has been started. */
const START_MS = 1_070;
/** As long as anything that was begun in trouble may still take: late commits, leases of the dead. */
const OUTAGE_MS = 200_000;
const LOOK_EVERY_MS = 1_000;
/** After that a lease that nobody uses has been given back. */
const IDLE_MS = 10_000;

export async function simulate(seed: number, traces = false): Promise<Run> {
  const simulation = new Simulation(seed, traces);
  const stray = (error: unknown) => {
    if (!(error instanceof Killed))
      simulation.violations.push(
        `nobody heard of ${error instanceof Error ? error.stack : String(error)}`,
      );
  };
  process.on('unhandledRejection', stray);
  try {
    await simulation.run();
  } catch (error) {
    simulation.violations.push(
      `the simulation broke: ${error instanceof Error ? error.stack : String(error)}`,
    );
  } finally {
    process.off('unhandledRejection', stray);
  }
  return {
    violations: simulation.violations,
    trace: simulation.world.trace,
    counts: simulation.counts(),
  };
}

class Simulation {
  readonly violations: string[] = [];
  readonly chance: Chance;
  readonly world: World;
  readonly oracle: Oracle;
  readonly #model = new BooksModel();
  readonly #server: BooksServer;
  readonly #office: Office;
  readonly #machines: Machine[] = [];
  readonly #organisations: string[] = [];
  readonly #credits: CreditsModel;
  #topUps = 0;
  readonly #seed: number;
  #requests = 0;
  #stoodStill = false;
  #wasTroubled = false;

  constructor(seed: number, traces: boolean) {
    this.#seed = seed;
    this.chance = new Chance(seed);
    this.world = new World(this.chance, traces);
    this.oracle = new Oracle(this.#model, this.violations, () => this.#machines);
    const wallMs = () => this.world.wallMs;
    const wrong = (what: string) => void this.violations.push(what);
    this.#credits = new CreditsModel(this.#model, wallMs, wrong);
    const bad = this.chance.pick([0, 0.2, 1]);
    const rate = (most: number) => bad * most * this.chance.fraction();
    this.#server = new BooksServer(this.world, this.#model, {
      slow: rate(0.3),
      lostBefore: rate(0.1),
      lostAfter: rate(0.1),
      late: rate(0.05),
      again: rate(0.1),
    });
    this.#server.isSteady = (id, epoch) => {
      const running = this.#machines.find((machine) => machine.id === id)?.running;
      const isNewest = this.#model.gateways.get(id)?.epoch === epoch;
      return isNewest && running?.gateway.epoch === epoch && running.life.frozenUntilMs === 0;
    };
    this.oracle.spending.nowMs = () => this.world.nowMs;
    this.oracle.hasUndisturbedOthers = () => bad === 0 && !this.#wasTroubled;
    for (let at = this.chance.whole(1, 2); at > 0; at--) this.#newOrganisation();
    // Of its own, so that a seed in which nothing is decided is the same as without an office.
    const decisions = new Chance(seed + DECISIONS);
    const isQuiet = decisions.happens(0.3);
    const organisations = this.#organisations;
    const books = { server: this.#server, credits: this.#credits };
    this.#office = new Office(this.world, decisions, books, organisations, isQuiet);
    this.oracle.callers = () => this.#office.terms.callers;
    for (let at = this.chance.pick([1, 1, 2, 3]); at > 0; at--) this.#newMachine(rate);
    this.world.watchers.push(() => this.#look());
    this.#tick();
  }

  async run(): Promise<void> {
    // Not in step: what they do every few seconds would otherwise always come in the same order.
    for (const machine of this.#machines) {
      this.world.after(this.chance.whole(0, 60), undefined, () => void machine.start());
    }
    const lastMs = this.#planRequests();
    this.#planDecisions(lastMs);
    this.#planTrouble(lastMs);
    this.#planPlight();
    const { world } = this;
    await world.run(() => world.nowMs > lastMs || this.violations.length > 0);
    if (this.violations.length > 0) return;
    await this.#calmDown();
    if (this.violations.length > 0) return;
    await this.#endAll();
    if (this.violations.length === 0) this.oracle.judgeAll(this.#credits.totals());
  }

  counts(): Run['counts'] {
    return countsOf(this.oracle.asked, this.#model);
  }

  /** So that there is something to look at even when every machine is dead. */
  #tick(): void {
    this.world.after(250, undefined, () => this.#tick());
  }

  #newOrganisation(): void {
    const id = `org_${'zab'[this.#organisations.length]}`;
    this.#organisations.push(id);
    this.#model.newOrganisation(id);
    this.#topUp(id);
  }

  /** Often so little that it is soon over: the edge is where mistakes are. */
  #topUp(id: string): void {
    const amount = BigInt(
      this.chance.whole(1, this.chance.pick([2_000_000, 40_000_000, 400_000_000])),
    );
    this.#topUps += 1;
    this.#credits.add({
      id: `topup_${this.#topUps}`,
      organisationId: id,
      amountNano: nano(amount),
      source: 'manual',
    });
  }

  #newMachine(rate: (most: number) => number): void {
    const { chance } = this;
    const disk = new DiskModel(this.world, {
      slow: rate(0.3),
      shortWrite: rate(0.2),
      failedFlush: chance.happens(0.2) ? rate(0.02) : 0,
      full: rate(chance.pick([0.1, 0.8])),
      powerCut: chance.happens(0.2) ? rate(0.5) : 0,
      killed: chance.happens(0.3) ? rate(0.06) : 0,
    });
    const { world, oracle, violations } = this;
    const deps = {
      world,
      server: this.#server,
      office: this.#office,
      said: oracle.said,
      violations,
      watched: oracle.watched.bind(oracle),
    };
    this.#machines.push(new Machine(`gw_${this.#machines.length}`, disk, deps));
  }

  #planRequests(): number {
    const { chance, world } = this;
    // Most mistakes need a crowd, a few seconds, or longer than a gateway may be silent.
    const spanMs = chance.pick([300, 300, 4_000, 4_000, 8_000, 160_000]);
    const count = chance.happens(0.1) ? chance.whole(40, 80) : chance.whole(3, 24);
    const moments = Array.from({ length: count }, () => 50 + chance.whole(0, spanMs));
    for (const atMs of moments) world.after(atMs, undefined, () => this.#ask());
    return world.nowMs + Math.max(...moments) + 500;
  }

  /** Around a moment in which windows begin. */
  #planDecisions(lastMs: number): void {
    const { chance, isQuiet } = this.#office;
    const { world } = this;
    if (isQuiet) return;
    const spanMs = lastMs - world.nowMs;
    world.wallAtZeroMs =
      midnightNear(chance) - world.nowMs - Math.floor(chance.fraction() * spanMs);
    const lookAgain = () => {
      void this.#office.look();
      world.after(LOOK_EVERY_MS, undefined, lookAgain);
    };
    world.after(LOOK_EVERY_MS, undefined, lookAgain);
    for (let at = chance.pick([0, 1, 3, 8]); at > 0; at--) {
      const decide = () => void this.#office.decide(this.#organisations);
      world.after(chance.fraction() * spanMs, undefined, decide);
    }
  }

  #planTrouble(lastMs: number): void {
    const { chance, world } = this;
    const spanMs = lastMs - world.nowMs;
    for (let at = chance.pick([0, 0, 1, 2, 3]); at > 0; at--) {
      world.after(chance.fraction() * spanMs, undefined, () => this.#trouble());
    }
  }

  /** Chance alone seldom brings together what these need. */
  #planPlight(): void {
    const [machine, other] = this.#machines;
    if (machine === undefined || !this.chance.happens(0.3)) return;
    const plight = this.chance.pick(PLIGHTS);
    this.#wasTroubled = true;
    if (other === undefined && plight !== 'lag' && plight !== 'torn') return;
    const { world, chance } = this;
    const ask = (of: Machine) => this.#ask(of);
    this.#stoodStill ||= plight === 'silence' || plight === 'outage';
    if (plight === 'silence' && !this.#office.isQuiet) this.#office.tighten(this.#organisations);
    planPlight(plight, this.#machines, { world, chance, server: this.#server, ask });
  }

  #trouble(): void {
    const machine = this.#machines[this.chance.whole(0, this.#machines.length - 1)];
    if (machine === undefined) return;
    const kind = this.chance.pick(TROUBLES);
    this.world.tell(() => `trouble: ${kind} of ${machine.id}`);
    if (kind === 'top-up') {
      this.#topUp(this.#organisations[0] ?? '');
      this.oracle.creditGrew = true;
      return;
    }
    this.#wasTroubled = true;
    if (kind === 'freeze') this.#stoodStill = true;
    const { world, chance } = this;
    makeTrouble(kind, machine, { world, chance, server: this.#server, model: this.#model });
  }

  #look(): void {
    this.violations.push(...this.#model.violations.splice(0));
    for (const machine of this.#machines) {
      machine.noticeDeath();
      if (machine.isDown && this.world.nowMs > START_MS) {
        const start = this.chance.happens(0.02) || !this.#server.isTroubled;
        if (start) void machine.start();
      }
    }
    this.oracle.look();
  }

  #ask(of?: Machine): void {
    const { chance, world } = this;
    const up = this.#machines.filter(({ isUp }) => isUp);
    const machine = of?.isUp === true ? of : up[chance.whole(0, up.length - 1)];
    const running = machine?.running;
    if (machine === undefined || running === undefined) return;
    const at = chance.whole(0, this.#organisations.length - 1);
    const organisationId = this.#organisations[at] ?? '';
    const caller = callerOf(this.#office, organisationId);
    if (caller === undefined) return;
    const requestId = `req_${(this.#seed * 1_000 + this.#requests).toString(16).padStart(32, '0')}`;
    this.#requests += 1;
    const order = orderOf(chance, this.#office);
    const client = new ClientModel(world, running.life, () => {});
    const asked: Asked = {
      requestId,
      organisationId,
      caller,
      order,
      machine,
      running,
      client,
      admittedMs: undefined,
      pin: undefined,
      accounts: [`credits:${organisationId}`],
      freeMin: 0n,
      leastNano: undefined,
      grantedNano: 0n,
      perhapsNano: 0n,
      owedNano: undefined,
      judged: false,
    };
    this.oracle.asked.set(requestId, asked);
    if (chance.happens(0.15))
      world.after(chance.whole(0, 3_000), running.life, () => client.leave());
    // A machine that stands still takes it when it goes on.
    world.after(0, running.life, () => void this.#serve(asked));
  }

  async #serve(asked: Asked): Promise<void> {
    const { requestId, running, order, client, caller } = asked;
    running.requests += 1;
    Object.assign(asked, admissionOf(asked, this.world.nowMs));
    const call = {
      requestId,
      authorization: `Bearer ${keyOf(caller.number)}`,
      headers: {},
      readJson: () => Promise.resolve(ok(order)),
    };
    try {
      await serve(running.serving, plainProtocol, call, client);
      if (running.life.alive && client.seen.kind === 'waiting' && !client.left) {
        this.violations.push(`I8 ${requestId} ended without a word to its client`);
      }
    } catch (error) {
      if (running.life.alive)
        this.violations.push(
          `${requestId} threw: ${error instanceof Error ? error.stack : String(error)}`,
        );
    } finally {
      running.requests -= 1;
    }
  }

  /** Nothing breaks any more. What is dead starts again, what is alive ends, and somebody looks after what is left. */
  async #calmDown(): Promise<void> {
    const { world, chance } = this;
    this.#server.isTroubled = false;
    if (!this.#stoodStill && chance.happens(0.5)) this.#server.awayUntilMs = 0;
    for (const { disk, running } of this.#machines) {
      disk.isTroubled = false;
      if (running !== undefined && chance.happens(0.5)) running.life.thaw(world.nowMs);
    }
    // Sometimes one of several stays dead: the others give back what it had set aside.
    const [, other] = this.#machines;
    if (other !== undefined && chance.happens(0.3)) {
      other.kill(false);
      other.isRetired = true;
    }
    const isLong =
      other?.isRetired === true ||
      this.#server.trouble.late > 0 ||
      this.#stoodStill ||
      this.#server.isAway;
    const calmForMs = isLong ? OUTAGE_MS : IDLE_MS;
    const calmMs = world.nowMs;
    let busyMs = calmMs;
    world.watchers.push(() => {
      const isBusy = (one: Machine) => !one.isRetired && (!one.isUp || one.running?.requests !== 0);
      if (this.#machines.some(isBusy)) busyMs = world.nowMs;
    });
    const isQuiet = () => world.nowMs > calmMs + calmForMs && world.nowMs > busyMs + IDLE_MS;
    await world.run(() => isQuiet() || this.violations.length > 0);
    if (this.violations.length > 0) return;
    if (!isQuiet()) return void this.violations.push('I8 the machines do not come to rest');
    for (const { id, running } of this.#machines) {
      const left = running?.serving.load.generationsRunning ?? 0;
      if (left !== 0)
        this.violations.push(`I17 ${id} counts ${left} running requests, and there is none`);
    }
    this.oracle.judgeRest();
    await this.#spendTheRest();
  }

  async #spendTheRest(): Promise<void> {
    const { world, violations } = this;
    const own = await spendTheRest({
      seed: this.#seed,
      world,
      violations,
      model: this.#model,
      terms: this.#office.terms,
      machines: this.#machines,
      organisations: this.#organisations,
    });
    for (const id of own) this.oracle.ownRequests.add(id);
  }

  async #endAll(): Promise<void> {
    const { world } = this;
    for (const machine of this.#machines) machine.isRetired = false;
    await world.run(() => this.#machines.every(({ isUp }) => isUp) || this.violations.length > 0);
    const stopped = this.#machines.map((machine) => machine.stop());
    let done = false;
    void Promise.all(stopped).then(() => (done = true));
    for (const machine of this.#machines) machine.isRetired = true;
    await world.run(() => done || this.violations.length > 0);
  }
}
