import { isTyped } from "../draft.ts";
import type { FormView } from "../form-view.ts";
import { textOf } from "../values.ts";
import { SettingField } from "./setting-field.tsx";
import { isSetting, rareSettings, type Setting, settingLabels, usualSettings } from "./setting-table.ts";

/** Everything else about a request, folded away; what of it is set is said all the same. */
export function SettingsPanel({ form }: Readonly<{ form: FormView }>) {
  const { draft, change, problems } = form;
  const rare = Object.values(rareSettings).flat();
  const shown: readonly Setting[] = [...usualSettings, ...rare];
  const set = shown.filter((name) => name in draft.settings);
  const hasProblem = (names: readonly Setting[]) => names.some((name) => problems.has(name));
  const reset = () => {
    const others = Object.entries(draft.settings).filter(([name]) => !set.some((one) => one === name));
    change({ settings: Object.fromEntries(others) });
  };
  return (
    <details class="styles" open={hasProblem(shown) || undefined}>
      <summary>
        Further settings: <span class="hint">{set.length === 0 ? "the server's own" : told(form, set)}</span>
      </summary>
      <div class="inside">
        {set.length === 0 ? null : (
          <button type="button" class="small" onClick={reset}>
            All as the server has them
          </button>
        )}
        <Group names={usualSettings} form={form} />
        {Object.entries(rareSettings).map(([title, names]) => (
          <details key={title} class="styles" open={hasProblem(names) || undefined}>
            <summary>{title}</summary>
            <div class="inside">
              <Group names={names} form={form} />
            </div>
          </details>
        ))}
      </div>
    </details>
  );
}

function Group({ names, form }: Readonly<{ names: readonly Setting[]; form: FormView }>) {
  return (
    <div class="settings">
      {names.map((name) => (
        <SettingField key={name} name={name} form={form} />
      ))}
    </div>
  );
}

const told = ({ draft }: FormView, names: readonly Setting[]): string =>
  names
    .map((name) => {
      const value = draft.settings[name];
      const shown = isTyped(value)
        ? value.typed
        : typeof value === "boolean"
          ? yesOrNo(value)
          : textOf(value);
      return `${settingLabels[name]} ${shown}`;
    })
    .join(", ");

const yesOrNo = (value: boolean): string => (value ? "yes" : "no");

/** What of a picture's settings goes along without a field of its own. */
export function OtherSettings({ form: { draft, change } }: Readonly<{ form: FormView }>) {
  const [own, others] = [true, false].map((known) =>
    Object.entries(draft.settings).filter(([name]) => isSetting(name) === known),
  );
  if (own === undefined || others === undefined || others.length === 0) return null;
  return (
    <div class="row">
      <p class="hint named">Also as in that picture: {others.map(([name]) => name).join(", ")}</p>
      <button type="button" class="small" onClick={() => change({ settings: Object.fromEntries(own) })}>
        Forget these
      </button>
    </div>
  );
}
