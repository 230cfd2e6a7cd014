// What an embeddings request becomes, how each wrong one is refused, and the answer on the wire.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';

import { decodeEmbeddings } from './decode.ts';

const minimal = { model: 'm', input: 'text' };

function inputsOf(input: unknown): unknown {
  const decoded = decodeEmbeddings({ model: 'm', input });
  assert.ok(decoded.ok, JSON.stringify(decoded));
  return decoded.value.embedding.inputs;
}

describe('an embeddings request', () => {
  it('has texts, or the tokens of texts', () => {
    assert.deepEqual(inputsOf('text'), ['text']);
    assert.deepEqual(inputsOf(['a', 'b']), ['a', 'b']);
    assert.deepEqual(inputsOf([1, 2]), [[1, 2]]);
    assert.deepEqual(inputsOf([[1, 2], [3]]), [[1, 2], [3]]);
    const decoded = decodeEmbeddings({
      ...minimal,
      dimensions: 5,
      user: 'u',
      encoding_format: null,
    });
    assert.deepEqual(decoded.ok && decoded.value.embedding, { inputs: ['text'], dimensions: 5 });
  });

  const wrong: readonly (readonly [string, unknown, string | undefined])[] = [
    ['nothing at all', undefined, undefined],
    ['no model', { input: 'x' }, 'model'],
    ['no input', { model: 'm' }, 'input'],
    ['an empty text', { model: 'm', input: '' }, 'input'],
    ['no texts', { model: 'm', input: [] }, 'input'],
    ['an empty text among others', { model: 'm', input: ['a', ''] }, 'input[1]'],
    ['texts and tokens', { model: 'm', input: ['a', 1] }, 'input[1]'],
    ['half a token', { model: 'm', input: [1.5] }, 'input'],
    ['2,049 texts', { model: 'm', input: Array.from({ length: 2_049 }, () => 'a') }, 'input'],
    [
      'too many tokens',
      {
        model: 'm',
        input: Array.from({ length: 4 }, () => Array.from({ length: 100_000 }, () => 1)),
      },
      'input',
    ],
    ['no dimensions', { ...minimal, dimensions: 0 }, 'dimensions'],
    ['another format', { ...minimal, encoding_format: 'int8' }, 'encoding_format'],
  ];
  for (const [what, body, field] of wrong) {
    it(`is refused with ${what}, naming ${field ?? 'the body'}`, () => {
      const decoded = decodeEmbeddings(body);
      assert.ok(!decoded.ok && decoded.error.kind === 'invalid-request', JSON.stringify(decoded));
      assert.equal(decoded.error.field, field);
    });
  }

  it('never throws, whatever JSON it is', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 4 }), (value) => {
        decodeEmbeddings(value);
        decodeEmbeddings({ model: 'm', input: value });
        decodeEmbeddings({ ...minimal, dimensions: value, encoding_format: value });
      }),
    );
  });
});

describe('its answer', () => {
  it('has every vector in its place, as numbers or as their bytes', () => {
    const vectors = [Float32Array.of(0.6, 0.8), Float32Array.of(1, -0)];
    const embedded = { vectors, inputTokens: 7 };
    for (const encoding_format of ['float', 'base64']) {
      const decoded = decodeEmbeddings({ ...minimal, input: ['a', 'b'], encoding_format });
      assert.ok(decoded.ok);
      const answer: unknown = JSON.parse(decoded.value.answer(embedded, 'public'));
      const isFloat = encoding_format === 'float';
      const shown = isFloat
        ? [
            [Math.fround(0.6), Math.fround(0.8)],
            [1, 0],
          ]
        : ['mpkZP83MTD8=', 'AACAPwAAAIA='];
      assert.deepEqual(answer, {
        object: 'list',
        data: shown.map((embedding, index) => ({ object: 'embedding', index, embedding })),
        model: 'public',
        usage: { prompt_tokens: 7, total_tokens: 7 },
      });
    }
  });
});
