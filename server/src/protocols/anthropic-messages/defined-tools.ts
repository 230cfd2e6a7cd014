// Tools that Anthropic defines and the client runs: sent by their type alone, because Anthropic's models know the rest. Any
// other model is told the rest as the documentation has it, as a tool like any other: the calls have the names and the
// fields that the client waits for. What Anthropic's servers run themselves is not here, and is left out; see tools.ts.
// Source: Anthropic's pages on the bash, text editor, memory and computer use tools.

import type { FunctionTool, JsonSchema } from '../../domain/generation/generation.ts';

/** As it was sent. */
export type DefinedTool = {
  readonly type: string;
  readonly [field: string]: unknown;
};

type Definition = {
  readonly name: string;
  readonly description: string;
  readonly parameters: JsonSchema;
};

/** Undefined where it is none that a client runs, or one that nobody has documented as a single tool. */
export function asFunctionTool(tool: DefinedTool): FunctionTool | undefined {
  const definition = definitionOf(tool);
  if (definition === undefined) return undefined;
  const { name } = tool;
  const own = typeof name === 'string' && name !== '' ? { name } : {};
  return { ...definition, ...own, strict: tool['strict'] === true };
}

function definitionOf(tool: DefinedTool): Definition | undefined {
  const [, family = '', date = ''] = /^(\w+)_(\d{8})$/.exec(tool.type) ?? [];
  switch (family) {
    case 'bash':
      return BASH;
    case 'text_editor':
      return textEditor(Number(date));
    case 'memory':
      return MEMORY;
    case 'computer':
      return computer(tool, Number(date));
    default:
      return undefined;
  }
}

const text = (description: string) => ({ type: 'string', description }) as const;
const whole = (description: string) => ({ type: 'integer', description }) as const;

const BASH: Definition = {
  name: 'bash',
  description:
    'Runs a command in a persistent bash session. State, such as the working directory, is kept from call to call.',
  parameters: {
    type: 'object',
    properties: {
      command: text('The command to run. Required unless the session is restarted.'),
      restart: { type: 'boolean', description: 'True to restart the session instead.' },
    },
  },
};

const EDITS = {
  path: text('The absolute path of a file or a directory.'),
  file_text: text('For create: what the file is to contain.'),
  old_str: text('For str_replace: the text to replace; it must occur exactly once.'),
  new_str: text('For str_replace: the text to put in its place.'),
  insert_line: whole('For insert: the line after which the text goes; 0 for the beginning.'),
  view_range: {
    type: 'array',
    items: { type: 'integer' },
    description: 'For view: the first and the last line to show; -1 for the end of the file.',
  },
} as const;

const UNDO_UNTIL = 20_250_429;
const INSERT_TEXT_FROM = 20_250_728;

/** Until April 2025 it could undo; since July 2025 the inserted text has a name of its own. */
function textEditor(date: number): Definition {
  const commands = ['view', 'create', 'str_replace', 'insert'];
  if (date < UNDO_UNTIL) commands.push('undo_edit');
  const inserted =
    date < INSERT_TEXT_FROM
      ? { new_str: text('For str_replace and insert: the new text.') }
      : { insert_text: text('For insert: the text to insert.') };
  return {
    name: date < UNDO_UNTIL ? 'str_replace_editor' : 'str_replace_based_edit_tool',
    description: 'Views, creates and edits text files.',
    parameters: {
      type: 'object',
      properties: {
        command: { type: 'string', enum: commands, description: 'What to do.' },
        ...EDITS,
        ...inserted,
      },
      required: ['command', 'path'],
    },
  };
}

const MEMORY: Definition = {
  name: 'memory',
  description:
    'Keeps notes for later conversations as files under /memories. Look there before you begin, and write down what will be needed again.',
  parameters: {
    type: 'object',
    properties: {
      command: {
        type: 'string',
        enum: ['view', 'create', 'str_replace', 'insert', 'delete', 'rename'],
        description: 'What to do.',
      },
      ...EDITS,
      path: text('The path under /memories; of every command but rename.'),
      insert_text: text('For insert: the text to insert.'),
      old_path: text('For rename: the path as it is.'),
      new_path: text('For rename: the path as it is to be.'),
    },
    required: ['command'],
  },
};

const ACTIONS_OF_2024 = [
  'key',
  'type',
  'mouse_move',
  'left_click',
  'left_click_drag',
  'right_click',
  'middle_click',
  'double_click',
  'screenshot',
  'cursor_position',
];
const ACTIONS_OF_2025 = [
  'left_mouse_down',
  'left_mouse_up',
  'scroll',
  'hold_key',
  'wait',
  'triple_click',
];
const SINCE_2025 = 20_250_124;

function computer(tool: DefinedTool, date: number): Definition {
  const since2025 = date >= SINCE_2025;
  const actions = [...ACTIONS_OF_2024, ...(since2025 ? ACTIONS_OF_2025 : [])];
  const zooms = tool['enable_zoom'] === true;
  if (zooms) actions.push('zoom');
  return {
    name: 'computer',
    description: `Controls the mouse and the keyboard of a computer and takes screenshots of it.${sizeOf(tool)}`,
    parameters: {
      type: 'object',
      properties: {
        action: { type: 'string', enum: actions, description: 'What to do.' },
        coordinate: pixels('Where, as x and y in pixels from the left and from the top.'),
        text: text('For type: the text. For key and hold_key: the keys, such as ctrl+s.'),
        ...(since2025 && {
          start_coordinate: pixels('For left_click_drag: where it begins, as x and y.'),
          scroll_direction: {
            type: 'string',
            enum: ['up', 'down', 'left', 'right'],
            description: 'For scroll.',
          },
          scroll_amount: whole('For scroll: how many notches of the wheel.'),
          duration: { type: 'number', description: 'For wait and hold_key: how many seconds.' },
        }),
        ...(zooms && {
          region: pixels('For zoom: the left, top, right and bottom of what to show larger.'),
        }),
      },
      required: ['action'],
    },
  };
}

function pixels(description: string): JsonSchema {
  return { type: 'array', items: { type: 'integer' }, description };
}

function sizeOf({ display_width_px: width, display_height_px: height }: DefinedTool): string {
  const isKnown = typeof width === 'number' && typeof height === 'number';
  return isKnown ? ` The screen is ${width} pixels wide and ${height} high.` : '';
}
