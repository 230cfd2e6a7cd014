// Takes every client through every scenario that it can play, several at a time, and says how each cell went.

import { agents } from './agents.ts';
import { aiSdk } from './ai-sdk.ts';
import { anthropic, anthropic2023 } from './anthropic.ts';
import type { Client, Target } from './client.ts';
import { langchain } from './langchain.ts';
import { openaiChat } from './openai-chat.ts';
import { openaiResponses } from './openai-responses.ts';
import { openaiWebSocket } from './openai-websocket.ts';
import { SCENARIOS } from './scenarios.ts';
import type { Engine, Scenario } from './stage.ts';

export type Cell = {
  readonly client: string;
  readonly scenario: string;
  readonly engine: Engine;
  readonly stream: boolean;
};

export type Outcome = Cell & { readonly ms: number; readonly error?: string };

export type Plan = Target & {
  readonly models: { readonly [engine in Engine]: string };
  /** Only cells whose `client scenario` holds this. */
  readonly only?: string;
};

/** Of the form of a key, and nobody's. */
const UNKNOWN_KEY = `sk-tp-${'0'.repeat(40)}`;
const AT_ONCE = 8;
const CELL_MS_MAX = 60_000;

export function clientsOf(target: Target): readonly Client[] {
  return [
    openaiChat(target),
    openaiResponses(target),
    openaiWebSocket(target),
    anthropic(target),
    anthropic2023(target),
    ...aiSdk(target),
    ...agents(target),
    ...langchain(target),
  ];
}

export async function playAll(plan: Plan, onOutcome: (outcome: Outcome) => void): Promise<void> {
  const clients = clientsOf(plan);
  const strangers = clientsOf({ ...plan, key: UNKNOWN_KEY });
  const cells = clients.flatMap((client, at) =>
    SCENARIOS.flatMap((scenario) => cellsOf(plan, client, strangers[at] ?? client, scenario)),
  );
  const next = cells.values();
  const work = async (): Promise<void> => {
    for (const play of next) onOutcome(await play());
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  await Promise.all([...clients, ...strangers].map((client) => client.close?.()));
}

function cellsOf(plan: Plan, client: Client, stranger: Client, scenario: Scenario) {
  const { method, needs = [], name, talks } = scenario;
  const mute = talks === true && client.cannot.includes('cut');
  if (plan.only !== undefined && !`${client.name} ${name}`.includes(plan.only)) return [];
  if (method !== undefined && client[method] === undefined) return [];
  if (needs.some((need) => client.cannot.includes(need))) return [];
  const deliveries = scenario.once === true ? [false] : [false, true];
  const engines = scenario.engines.filter((engine) => !(mute && engine === 'embedded'));
  return engines.flatMap((engine) =>
    deliveries.map((stream) => async (): Promise<Outcome> => {
      const cell = { client: client.name, scenario: name, engine, stream };
      const startMs = performance.now();
      const error = await problem(
        scenario.play({ client, stranger, engine, model: plan.models[engine], stream }),
      );
      const ms = Math.round(performance.now() - startMs);
      return { ...cell, ms, ...(error !== undefined && { error }) };
    }),
  );
}

async function problem(playing: Promise<void>): Promise<string | undefined> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new Error('it hung')), CELL_MS_MAX);
  try {
    await Promise.race([playing, late.promise]);
    return undefined;
  } catch (error) {
    return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  } finally {
    clearTimeout(timer);
  }
}
