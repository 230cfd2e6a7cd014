// The form of tax ids. Those of the European Union begin with their country and have a form each; whether one has been given
// out is not asked. What begins otherwise is somebody else's number, and taken as it is.
//
// Forms: https://ec.europa.eu/taxation_customs/vies/#/faq (Q11).

type Form = { readonly country: string; readonly form: RegExp; readonly example: string };

const FORMS: { readonly [prefix: string]: Form } = {
  AT: { country: 'Austria', form: /^U\d{8}$/, example: 'ATU12345678' },
  BE: { country: 'Belgium', form: /^[01]\d{9}$/, example: 'BE0123456789' },
  BG: { country: 'Bulgaria', form: /^\d{9,10}$/, example: 'BG123456789' },
  CY: { country: 'Cyprus', form: /^\d{8}[A-Z]$/, example: 'CY12345678X' },
  CZ: { country: 'Czechia', form: /^\d{8,10}$/, example: 'CZ12345678' },
  DE: { country: 'Germany', form: /^\d{9}$/, example: 'DE123456789' },
  DK: { country: 'Denmark', form: /^\d{8}$/, example: 'DK12345678' },
  EE: { country: 'Estonia', form: /^\d{9}$/, example: 'EE123456789' },
  EL: { country: 'Greece', form: /^\d{9}$/, example: 'EL123456789' },
  ES: { country: 'Spain', form: /^(?:[A-Z]\d{7}[A-Z\d]|\d{8}[A-Z])$/, example: 'ESX12345678' },
  FI: { country: 'Finland', form: /^\d{8}$/, example: 'FI12345678' },
  FR: { country: 'France', form: /^[A-HJ-NP-Z\d]{2}\d{9}$/, example: 'FR12345678901' },
  HR: { country: 'Croatia', form: /^\d{11}$/, example: 'HR12345678901' },
  HU: { country: 'Hungary', form: /^\d{8}$/, example: 'HU12345678' },
  IE: { country: 'Ireland', form: /^\d[A-Z\d+*]\d{5}[A-Z]{1,2}$/, example: 'IE1234567X' },
  IT: { country: 'Italy', form: /^\d{11}$/, example: 'IT12345678901' },
  LT: { country: 'Lithuania', form: /^(?:\d{9}|\d{12})$/, example: 'LT123456789' },
  LU: { country: 'Luxembourg', form: /^\d{8}$/, example: 'LU12345678' },
  LV: { country: 'Latvia', form: /^\d{11}$/, example: 'LV12345678901' },
  MT: { country: 'Malta', form: /^\d{8}$/, example: 'MT12345678' },
  NL: { country: 'the Netherlands', form: /^[A-Z\d+*]{10}\d{2}$/, example: 'NL123456789B01' },
  PL: { country: 'Poland', form: /^\d{10}$/, example: 'PL1234567890' },
  PT: { country: 'Portugal', form: /^\d{9}$/, example: 'PT123456789' },
  RO: { country: 'Romania', form: /^\d{2,10}$/, example: 'RO1234567890' },
  SE: { country: 'Sweden', form: /^\d{12}$/, example: 'SE123456789001' },
  SI: { country: 'Slovenia', form: /^\d{8}$/, example: 'SI12345678' },
  SK: { country: 'Slovakia', form: /^\d{10}$/, example: 'SK1234567890' },
  XI: {
    country: 'Northern Ireland',
    form: /^(?:\d{9}|\d{12}|(?:GD|HA)\d{3})$/,
    example: 'XI123456789',
  },
};

/** What is wrong with it, as the end of a sentence that begins with the field. Spaces, dots and hyphens count for nothing. */
export function taxIdProblem(text: string): string | undefined {
  const plain = text.replace(/[\s.-]/g, '').toUpperCase();
  const [prefix, rest] = [plain.slice(0, 2), plain.slice(2)];
  if (prefix === 'GR' && /^\d{9}$/.test(rest)) return `must begin with EL for Greece: "EL${rest}"`;
  const known = FORMS[prefix];
  if (known === undefined || known.form.test(rest)) return undefined;
  return `must have the form of a VAT number of ${known.country}, such as ${known.example}, or not begin with ${prefix}`;
}
