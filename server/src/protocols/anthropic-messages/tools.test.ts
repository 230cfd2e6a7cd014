// Tools that Anthropic defines: those that a client runs reach the model with the schema that they are documented with,
// those that Anthropic's servers run are left out and named, and a request that demands one of them is refused.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { decodeCount, decodeMessages } from './decode.ts';

const minimal = { model: 'm', max_tokens: 64, messages: [{ role: 'user', content: 'hi' }] };
const weather = { name: 'weather', input_schema: { type: 'object' } };
const search = { type: 'web_search_20250305', name: 'web_search', max_uses: 3 };

function decoded(more: object) {
  const result = decodeMessages({ ...minimal, ...more }, {});
  assert.ok(result.ok, JSON.stringify(result));
  return result.value;
}

function refusalOf(more: object) {
  const result = decodeMessages({ ...minimal, ...more }, {});
  assert.ok(!result.ok, 'expected a refusal');
  return result.error;
}

describe('tools that Anthropic runs', () => {
  it('are left out and named, and the others keep their places', () => {
    const fetches = { type: 'web_fetch_20250910', name: 'web_fetch' };
    const toolset = { type: 'mcp_toolset', mcp_server_name: 'x' };
    const request = decoded({ tools: [search, weather, fetches, toolset] });
    assert.deepEqual(request.ignored, [
      'tools[0] (web_search_20250305)',
      'tools[2] (web_fetch_20250910)',
      'tools[3] (mcp_toolset)',
    ]);
    assert.deepEqual(
      request.generation.tools.map(({ name }) => name),
      ['weather'],
    );
    assert.equal(request.toolPlaces?.get('weather'), 'tools[1]');
    const counted = decodeCount({ ...minimal, tools: [search, weather] }, {});
    assert.deepEqual(counted.ok && counted.value.ignored, ['tools[0] (web_search_20250305)']);
  });

  it('can not be demanded', () => {
    const forced = { type: 'tool', name: 'web_search' };
    assert.deepEqual(refusalOf({ tools: [search, weather], tool_choice: forced }), {
      kind: 'unsupported-feature',
      feature: 'a choice of the tool type web_search_20250305',
      field: 'tool_choice.name',
    });
    const none = refusalOf({ tools: [search], tool_choice: { type: 'any' } });
    assert.deepEqual('field' in none && none.field, 'tool_choice');
    const free = decoded({ tools: [search, weather], tool_choice: { type: 'any' } });
    assert.deepEqual(free.generation.toolChoice, { kind: 'required' });
  });
});

describe('tools that Anthropic defines and a client runs', () => {
  const cases: readonly (readonly [object, string, readonly string[]])[] = [
    [{ type: 'bash_20250124', name: 'bash' }, 'bash', ['command', 'restart']],
    [{ type: 'bash_20241022' }, 'bash', ['command', 'restart']],
    [
      { type: 'text_editor_20250124', name: 'str_replace_editor' },
      'str_replace_editor',
      ['command', 'file_text', 'insert_line', 'new_str', 'old_str', 'path', 'view_range'],
    ],
    [
      { type: 'text_editor_20250728', name: 'str_replace_based_edit_tool', max_characters: 9 },
      'str_replace_based_edit_tool',
      ['command', 'file_text', 'insert_line', 'insert_text', 'new_str', 'old_str', 'path', 'view_range'],
    ],
    [
      { type: 'memory_20250818', name: 'memory' },
      'memory',
      ['command', 'file_text', 'insert_line', 'insert_text', 'new_path', 'new_str', 'old_path', 'old_str', 'path', 'view_range'],
    ],
    [
      { type: 'computer_20241022', name: 'computer', display_width_px: 9, display_height_px: 8 },
      'computer',
      ['action', 'coordinate', 'text'],
    ],
    [
      { type: 'computer_20251124', name: 'computer', enable_zoom: true },
      'computer',
      ['action', 'coordinate', 'duration', 'region', 'scroll_amount', 'scroll_direction', 'start_coordinate', 'text'],
    ],
  ]; // prettier-ignore
  for (const [tool, name, fields] of cases) {
    it(`are functions with the fields that are documented: ${Object.values(tool)[0]}`, () => {
      const { generation, ignored } = decoded({ tools: [tool] });
      assert.deepEqual(ignored, []);
      const [offered] = generation.tools;
      assert.ok(offered !== undefined && offered.kind !== 'custom');
      const { properties } = offered.parameters as { properties: object }; // as defined-tools.ts writes it
      assert.deepEqual([offered.name, Object.keys(properties).toSorted()], [name, fields]);
    });
  }

  it('can be demanded like any other', () => {
    const tools = [{ type: 'bash_20250124', name: 'bash' }];
    const { generation } = decoded({ tools, tool_choice: { type: 'tool', name: 'bash' } });
    assert.deepEqual(generation.toolChoice, { kind: 'tool', name: 'bash' });
  });

  it('tell of the undoing and of the screen what the client said', () => {
    const [editor] = decoded({ tools: [{ type: 'text_editor_20241022' }] }).generation.tools;
    assert.match(JSON.stringify(editor), /undo_edit/);
    const sized = { type: 'computer_20250124', display_width_px: 1024, display_height_px: 768 };
    const [screen] = decoded({ tools: [sized] }).generation.tools;
    assert.match(screen?.description ?? '', /1024 pixels wide and 768 high/);
    assert.doesNotMatch(JSON.stringify(screen), /zoom/);
  });
});
