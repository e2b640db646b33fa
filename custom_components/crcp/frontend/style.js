/**
 * How the card looks: with the colours of Home Assistant's theme, so light and dark by itself.
 */

export const STYLE = `
:host { display: block; }
[hidden] { display: none !important; }
ha-card { display: block; overflow: hidden; height: 100%; container-type: inline-size; }
.header { display: flex; align-items: center; gap: 12px; padding: 16px 16px 12px; }
.header > div { flex: 1; min-width: 0; }
h2 {
  margin: 0; font: inherit; font-size: 1.25em; color: var(--primary-text-color);
  overflow: hidden; overflow-wrap: anywhere;
  display: -webkit-box; -webkit-box-orient: vertical; -webkit-line-clamp: 2;
}
.status { color: var(--secondary-text-color); min-height: 1.3em; }
.message { padding: 16px; color: var(--primary-text-color); }
button, select {
  font: inherit; color: var(--primary-text-color); border: 1px solid var(--divider-color);
  background: var(--secondary-background-color); border-radius: 8px; min-height: 44px;
  padding: 0 14px; cursor: pointer;
}
select { min-width: 0; }
button:disabled, select:disabled { opacity: .45; cursor: default; }
button:not(:disabled):hover { border-color: var(--primary-color); }
:focus-visible { outline: 2px solid var(--primary-color); outline-offset: 2px; }
.icon { min-width: 44px; padding: 0 8px; display: inline-grid; place-items: center; }
svg { width: 24px; height: 24px; fill: currentColor; pointer-events: none; }
[aria-pressed="true"] {
  background: var(--primary-color); border-color: var(--primary-color);
  color: var(--text-primary-color);
}
input[type="range"] {
  appearance: none; -webkit-appearance: none; background: none; cursor: pointer;
  min-width: 0; width: 100%; height: 32px; margin: 0;
}
input[type="range"]:disabled { opacity: .45; cursor: default; }
/* As dark as it takes to be seen beside the card: three to one. */
input { --track: color-mix(in srgb, var(--secondary-text-color) 80%, transparent); }
input::-webkit-slider-runnable-track { height: 4px; border-radius: 2px; background: var(--track); }
input::-moz-range-track { height: 4px; border-radius: 2px; background: var(--track); }
input::-webkit-slider-thumb {
  -webkit-appearance: none; width: 20px; height: 20px; margin-top: -8px; border-radius: 50%;
  background: var(--primary-color);
}
input::-moz-range-thumb {
  width: 20px; height: 20px; border: 0; border-radius: 50%; background: var(--primary-color);
}
.toggle { position: relative; padding-inline-start: 58px; background: none; border-color: transparent; text-align: start; }
.toggle::before, .toggle::after {
  content: ""; position: absolute; top: 50%; border-radius: 12px; translate: 0 -50%;
}
.toggle::before {
  inset-inline-start: 8px; width: 38px; height: 20px; background: var(--secondary-text-color);
}
.toggle::after {
  inset-inline-start: 11px; width: 14px; height: 14px; background: var(--card-background-color, #fff);
}
.toggle[aria-checked="true"]::before { background: var(--primary-color); }
.toggle[aria-checked="true"]::after { inset-inline-start: 29px; }
.power[aria-pressed="true"] { background: none; color: var(--primary-color); }

/* Tapes run and cameras turn the same way for those who write from right to left. */
.readout, .keys, .shuttle-row, .arrows, .value { direction: ltr; }
.deck { display: grid; grid-template-columns: minmax(0, 1fr); gap: 12px; padding: 0 16px 16px; }
.readout > div { display: flex; align-items: baseline; gap: 8px; flex-wrap: wrap; }
.time { font-size: 2.4em; line-height: 1.2; font-variant-numeric: tabular-nums; color: var(--primary-text-color); }
.length { color: var(--secondary-text-color); font-variant-numeric: tabular-nums; }
.titles { display: grid; grid-template-columns: minmax(0, 1fr) auto; gap: 8px; }
.keys { display: flex; gap: 8px; }
.keys .icon { flex: 1; min-width: 0; padding: 0; }
.shuttle-row {
  display: grid; grid-template-columns: auto 1fr 4em; gap: 12px; align-items: center;
  color: var(--secondary-text-color);
}
.speed, .value { text-align: end; font-variant-numeric: tabular-nums; }
.recording { display: flex; align-items: center; justify-content: space-between; gap: 8px; }
.record { color: var(--error-color); min-width: 72px; }
.record[aria-pressed="true"] { background: var(--error-color); border-color: var(--error-color); color: #fff; }

.picture {
  min-height: 60px; background: var(--secondary-background-color);
  --ha-card-border-radius: 0; --ha-card-border-width: 0; --ha-card-box-shadow: none;
}
.controls { display: grid; grid-template-columns: minmax(0, 1fr); gap: 16px; padding: 12px 16px 16px; }
.pad { display: flex; flex-wrap: wrap; gap: 12px 24px; justify-content: center; align-items: center; }
.arrows { display: grid; grid-template-columns: repeat(3, 56px); grid-auto-rows: 56px; gap: 6px; }
.arrows .icon, .zoom .icon {
  touch-action: none; user-select: none; -webkit-user-select: none; -webkit-touch-callout: none;
}
.arrows .icon:active:not(:disabled), .zoom .icon:active:not(:disabled) {
  background: var(--primary-color); color: var(--text-primary-color);
}
.arrows .stop { border-radius: 50%; }
.zoom { display: grid; gap: 6px; grid-auto-rows: 56px; grid-template-columns: 56px; }
#hint { flex-basis: 100%; margin: 0; text-align: center; font-size: .85em; color: var(--secondary-text-color); }
.presets { display: flex; flex-wrap: wrap; gap: 8px; }
.presets button { max-width: 100%; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.settings { display: grid; gap: 4px; color: var(--primary-text-color); }
.setting { display: grid; grid-template-columns: 7.5em 1fr 5em 7.5em; gap: 0 8px; align-items: center; min-height: 44px; }
.setting .value { color: var(--secondary-text-color); }

@container (max-width: 420px) {
  .setting { grid-template-columns: 1fr auto 7.5em; }
  .setting input { grid-column: 1 / -1; grid-row: 2; }
  .arrows { grid-template-columns: repeat(3, 52px); grid-auto-rows: 52px; }
}
@container (max-width: 330px) {
  .header, .deck, .controls { padding-inline: 12px; }
  .keys { gap: 2px; }
}
@container (min-width: 620px) {
  .controls { grid-template-columns: auto minmax(0, 1fr); align-items: start; }
  .pad { grid-row: span 2; max-width: 280px; }
}
@media (forced-colors: active) {
  input { --track: CanvasText; }
  input, .toggle::before, .toggle::after, [aria-pressed="true"] { forced-color-adjust: none; }
  input::-webkit-slider-thumb { background: Highlight; }
  input::-moz-range-thumb { background: Highlight; }
  .toggle::before { background: GrayText; }
  .toggle::after { background: Canvas; }
  .toggle[aria-checked="true"]::before, [aria-pressed="true"], .power[aria-pressed="true"] {
    background: Highlight; color: HighlightText;
  }
}
`;
