/** The look of the reference page, in light and dark. */
export const style = `
body { font: 15px/1.5 system-ui, sans-serif; max-width: 62rem; margin: 2rem auto; padding: 0 1rem; color: #222; background: #fff }
h2 { margin-top: 2.5rem; border-top: 1px solid #ddd; padding-top: 1rem; font-size: 1.15rem } h4 { margin: 1rem 0 .3rem } ul { margin: 0 }
table { border-collapse: collapse; width: 100% } td { border: 1px solid #ddd; padding: .3rem .5rem; vertical-align: top }
code { font: .9em ui-monospace, monospace; overflow-wrap: anywhere } a { color: #0a58ca }
@media (prefers-color-scheme: dark) { body { color: #ddd; background: #181818 } td, h2 { border-color: #444 } a { color: #7ab0ff } }
`;
