// Colour, sparingly: none when the output is no terminal or NO_COLOR is set (https://no-color.org).

import { styleText } from 'node:util';

type Style = Parameters<typeof styleText>[0];

function on(stream: NodeJS.WritableStream, style: Style): (text: string) => string {
  return (text) => styleText(style, text, { stream, validateStream: true });
}

export const bold = on(process.stdout, 'bold');
export const dim = on(process.stdout, 'dim');
export const green = on(process.stdout, 'green');
export const red = on(process.stdout, 'red');
export const yellow = on(process.stdout, 'yellow');
export const cyan = on(process.stdout, 'cyan');
export const redOnStderr = on(process.stderr, 'red');
