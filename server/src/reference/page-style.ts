// How the reference looks, by day and by night.

export const PAGE_STYLE = `
:root {
  color-scheme: light dark;
  --ground: light-dark(#fbfaf7, #14161a);
  --panel: light-dark(#f2efe8, #1a1d23);
  --line: light-dark(#e0dbd0, #2c313a);
  --ink: light-dark(#23211d, #e4e6ea);
  --soft: light-dark(#6d675c, #9aa1ad);
  --accent: light-dark(#9a3b12, #f0a070);
  --get: light-dark(#1c6b52, #6fd0ae);
  --post: light-dark(#2b4fa8, #92b0ff);
  --delete: light-dark(#a02828, #f09090);
  --code: light-dark(#efeae0, #22262e);
  --deep: light-dark(#24262b, #0d0f12);
}
* { box-sizing: border-box; }
html { scroll-behavior: smooth; scroll-padding-top: 1.5rem; }
body { margin: 0; display: grid; grid-template-columns: 17.5rem minmax(0, 1fr); background: var(--ground);
  color: var(--ink); font: 16px/1.6 ui-sans-serif, system-ui, "Segoe UI", sans-serif; }
nav { position: sticky; top: 0; height: 100vh; overflow-y: auto; padding: 1.75rem 1.25rem; background: var(--panel);
  border-right: 1px solid var(--line); font-size: .875rem; }
nav h2 { margin: 1.5rem 0 .35rem; font-size: .75rem; font-weight: 600; letter-spacing: .04em; color: var(--soft); }
nav ul { margin: 0; padding: 0; list-style: none; }
nav li a { display: flex; gap: .6rem; align-items: baseline; padding: .25rem .5rem; margin: 0 -.5rem; border-radius: .35rem;
  color: inherit; text-decoration: none; }
nav li a:hover { background: var(--code); }
.brand { display: block; font-size: 1.2rem; font-weight: 700; letter-spacing: -.01em; color: var(--ink); text-decoration: none; }
.brand span { display: block; font-size: .75rem; font-weight: 400; letter-spacing: 0; color: var(--soft); }
main { width: 100%; max-width: 60rem; padding: 2.5rem 3rem 6rem; }
h1 { margin: 0 0 .5rem; font-size: 2rem; line-height: 1.2; letter-spacing: -.02em; }
section { margin-top: 3.5rem; padding-top: 2rem; border-top: 1px solid var(--line); }
section > h2 { margin: 0; font-size: 1.4rem; letter-spacing: -.01em; }
h3 { margin: 1.75rem 0 .5rem; font-size: 1rem; }
a { color: var(--accent); }
b.get, b.post, b.delete { min-width: 2.6rem; font: 600 .6875rem/1.6 ui-monospace, "SF Mono", Menlo, monospace; text-transform: uppercase; }
b.get { color: var(--get); }
b.post { color: var(--post); }
b.delete { color: var(--delete); }
.address { display: flex; gap: .75rem; align-items: baseline; margin: .35rem 0 1rem; }
code { padding: .1em .35em; border-radius: .25rem; background: var(--code); font: .875em/1.5 ui-monospace, "SF Mono", Menlo, monospace;
  overflow-wrap: anywhere; }
pre { margin: 0; padding: 1rem 1.15rem; overflow-x: auto; border-radius: .5rem; background: var(--deep); color: #e8e6e1; }
pre code { padding: 0; background: none; color: inherit; overflow-wrap: normal; }
table { width: 100%; border-collapse: collapse; font-size: .9375rem; }
th, td { padding: .65rem 0; border-top: 1px solid var(--line); text-align: left; vertical-align: top; }
tr:first-child > * { border-top: 0; }
th { width: 15.5rem; padding-right: 1.5rem; font-weight: 400; }
th i { display: block; margin-top: .15rem; font-size: .75rem; font-style: normal; color: var(--soft); }
th i.must { color: var(--accent); }
tr.accepted th code { opacity: .65; }
.form { display: block; font-size: .8125rem; color: var(--soft); }
details { margin-top: .4rem; }
summary { cursor: pointer; font-size: .8125rem; color: var(--accent); }
details table { margin: .35rem 0 .35rem .9rem; width: calc(100% - .9rem); font-size: .875rem; }
details th { width: 12rem; }
.aside { color: var(--soft); font-size: .875rem; }
a:focus-visible, summary:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
@media (max-width: 56rem) {
  body { display: block; }
  nav { position: static; height: auto; border-right: 0; border-bottom: 1px solid var(--line); }
  main { padding: 1.5rem 1.25rem 4rem; }
  th, td { display: block; width: auto; padding: .35rem 0; }
  td { border-top: 0; padding-bottom: .8rem; }
}
@media (prefers-reduced-motion: reduce) { html { scroll-behavior: auto; } }
`;
