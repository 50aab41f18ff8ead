/** Forms that work without JavaScript: they are posted to a route handler, which redirects back with what is wrong. */
import type { ReactNode } from "react";
import type { Flash } from "@/lib/flash";

export interface Field {
  name: string;
  label: string;
  type?: "text" | "email" | "password" | "textarea" | "select" | "checkbox";
  hint?: string;
  autoComplete?: string;
  inputMode?: "numeric";
  maxLength?: number;
  value?: string;
  options?: readonly string[];
  isOptional?: boolean;
}

interface FormProps {
  to: string;
  /** Which of the page's forms this is: the name of the function in its handler. */
  verb: string;
  button: string;
  fields?: Field[];
  hidden?: Record<string, string>;
  flash?: Flash;
  /** A form of one line, such as a button in a list. */
  isInline?: boolean;
  isDangerous?: boolean;
  /** Tells password managers whose password is typed, where no field does. */
  username?: string;
  /** Names what the button is for, where its text does not. */
  label?: string;
  children?: ReactNode;
}

export function Form({ to, verb, button, fields = [], hidden = {}, flash = {}, children, ...props }: FormProps) {
  const own = flash.verb === verb ? flash : {};
  const firstFault = fields.find(({ name }) => own.faults?.[name])?.name;
  return (
    <form method="post" action={to} className={props.isInline ? "inline" : "stacked"}>
      <input type="hidden" name="verb" value={verb} />
      {Object.entries(hidden).map(([name, value]) => (
        <input key={name} type="hidden" name={name} value={value} />
      ))}
      {props.username && <input hidden readOnly name="username" autoComplete="username" value={props.username} />}
      {fields.map((field) => (
        <Control
          key={field.name}
          field={{ ...field, value: own.values?.[field.name] ?? field.value ?? "" }}
          // The same field may be in several forms of a page.
          id={[verb, hidden.id, field.name].filter(Boolean).join("-")}
          fault={own.faults?.[field.name]}
          isFirstFault={field.name === firstFault}
        />
      ))}
      {children}
      <button className={props.isDangerous ? "danger" : undefined} aria-label={props.label}>
        {button}
      </button>
    </form>
  );
}

interface ControlProps {
  field: Field & { value: string };
  id: string;
  fault: string | undefined;
  isFirstFault: boolean;
}

function Control({ field, id, fault, isFirstFault }: ControlProps) {
  const { name, label, type = "text", hint, value, options = [] } = field;
  const described = [hint && `${id}-hint`, fault && `${id}-fault`].filter(Boolean).join(" ");
  const common = {
    id,
    name,
    required: !field.isOptional,
    "aria-describedby": described || undefined,
    "aria-invalid": fault ? true : undefined,
    // Works without JavaScript, too.
    autoFocus: isFirstFault,
  };
  if (type === "checkbox") {
    return (
      <div className="field check">
        <input {...common} type="checkbox" value="yes" />
        <label htmlFor={id}>{label}</label>
      </div>
    );
  }
  return (
    <div className="field">
      <label htmlFor={id}>
        {label}
        {field.isOptional && type !== "select" && <span className="muted"> (optional)</span>}
      </label>
      {type === "textarea" && <textarea {...common} defaultValue={value} rows={5} maxLength={field.maxLength} />}
      {type === "select" && (
        <select {...common} defaultValue={value}>
          {options.map((option) => (
            <option key={option}>{option}</option>
          ))}
        </select>
      )}
      {type !== "textarea" && type !== "select" && (
        <input
          {...common}
          type={type}
          // A password is never sent back to the browser.
          defaultValue={type === "password" ? undefined : value}
          autoComplete={field.autoComplete ?? "off"}
          inputMode={field.inputMode}
          maxLength={field.maxLength}
        />
      )}
      {hint && (
        <p className="hint" id={`${id}-hint`}>
          {hint}
        </p>
      )}
      {fault && (
        <p className="fault" id={`${id}-fault`}>
          {label} {fault}
        </p>
      )}
    </div>
  );
}

/** The result of the last form, at the top of the page. */
export function Notice({ flash, children }: { flash: Flash; children?: ReactNode }) {
  const hasFieldFaults = Object.keys(flash.faults ?? {}).length > 0;
  if (flash.notice) {
    return (
      <p className="notice" role="status" tabIndex={-1} autoFocus>
        {flash.notice}
      </p>
    );
  }
  if (!flash.fault) return null;
  return (
    <div className="notice bad" role="alert" tabIndex={-1} autoFocus={!hasFieldFaults}>
      <p>{flash.fault}</p>
      {children}
    </div>
  );
}
