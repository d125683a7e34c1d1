import { noChoices, noDescription } from "../choices.ts";
import { isTyped, modeName, modeOf } from "../draft.ts";
import { FieldProblem, toldOf } from "../field-problem.tsx";
import { boundsOf, type FormView, withSetting } from "../form-view.ts";
import { textOf } from "../values.ts";
import { type Setting, settingLabels } from "./setting-table.ts";

type SettingFieldProps = Readonly<{ name: Setting; form: FormView }>;
type InputProps = SettingFieldProps & Readonly<{ id: string; disabled: boolean }>;

/** A field of the request as it is: what it takes, its bounds and what it means when it is left open are the server's word. */
export function SettingField({ name, form }: SettingFieldProps) {
  const { draft, choices, description, problems } = form;
  const id = `setting-${name}`;
  const rule = description.request[name];
  const decided = modeOf(draft, choices)?.sets[name] !== undefined;
  // What it takes is not known yet: nothing is typed where a list may come.
  const isKnown = choices !== noChoices && description !== noDescription;
  const input = { name, form, id, disabled: decided || !isKnown };
  const problem = problems.get(name);
  const label = settingLabels[name];
  if (rule?.kind === "flag")
    return (
      <div class="checks" title={rule.help}>
        <label for={id}>
          <FlagInput {...input} />
          {label}
        </label>
        <FieldProblem id={id} text={problem} />
      </div>
    );
  const list = choices.lists[name] ?? rule?.values ?? (isKnown ? undefined : []);
  return (
    <div title={rule?.help} class={isLong(list ?? []) ? "long" : ""}>
      <label for={id}>{label}</label>
      {list === undefined ? <TypedInput {...input} /> : <ListInput {...input} list={list} />}
      <FieldProblem id={id} text={problem} />
    </div>
  );
}

/** Characters of a name that fit into half a row, with what is said behind the usual one. */
const shortName = 4;
const isLong = (names: readonly string[]): boolean => names.some(({ length }) => length > shortName);

/** What the field means while it is left open: what the mode decides, else the server's own. */
function usualOf({ name, form: { draft, choices } }: SettingFieldProps): string {
  const mode = modeOf(draft, choices);
  const decided = mode?.sets[name];
  if (decided !== undefined) return `${textOf(decided)} (${modeName(draft, choices)})`;
  const usual = textOf(choices.defaults[name]);
  if (name === "overwrite_step" && usual === "-1" && mode !== undefined) return `${mode.steps}`;
  return usual === "-1" ? "by itself" : usual;
}

function FlagInput({ name, form, id, disabled }: InputProps) {
  const usual = form.choices.defaults[name] === true;
  const said = form.draft.settings[name];
  return (
    <input
      id={id}
      type="checkbox"
      disabled={disabled}
      checked={typeof said === "boolean" ? said : usual}
      {...toldOf(id, form.problems.get(name))}
      onChange={({ currentTarget: { checked } }) =>
        withSetting(form, name, checked === usual ? undefined : checked)
      }
    />
  );
}

function TypedInput({ name, form, id, disabled }: InputProps) {
  const said = form.draft.settings[name];
  const kind = form.description.request[name]?.kind;
  const isNumber = kind === "number" || kind === "whole";
  const shown = isTyped(said) ? said.typed : textOf(said);
  return (
    <input
      id={id}
      {...(isNumber ? { type: "number", ...boundsOf(form, name) } : {})}
      disabled={disabled}
      placeholder={usualOf({ name, form })}
      value={disabled ? "" : shown}
      {...toldOf(id, form.problems.get(name))}
      onInput={({ currentTarget: { value } }) =>
        withSetting(form, name, value === "" ? undefined : isNumber ? { typed: value } : value)
      }
    />
  );
}

function ListInput({ name, form, id, disabled, list }: InputProps & Readonly<{ list: readonly string[] }>) {
  const said = textOf(form.draft.settings[name]);
  const isAbsent = said !== "" && !list.includes(said);
  return (
    <select
      id={id}
      disabled={disabled}
      value={disabled ? "" : said}
      {...toldOf(id, form.problems.get(name))}
      onChange={({ currentTarget: { value } }) => withSetting(form, name, value === "" ? undefined : value)}
    >
      <option value="">{usualName(name, usualOf({ name, form }))}</option>
      {isAbsent ? <option value={said}>{said} (not there)</option> : null}
      {list.map((one) => (
        <option key={one} value={one}>
          {one}
        </option>
      ))}
    </select>
  );
}

const usualName = (name: Setting, usual: string): string =>
  name === "preset" ? "None" : usual.endsWith(")") ? usual : `${usual} (default)`;
