/** Small things that several pages show. */

const FORMAT = new Intl.DateTimeFormat("en", { dateStyle: "medium", timeStyle: "short", timeZone: "UTC", hour12: false });

/** A time. In UTC, because the server does not know where the user is. */
export function Time({ at }: { at: string }) {
  return <time dateTime={at}>{FORMAT.format(new Date(at))} UTC</time>;
}

// The first that matches: Edge and Opera also call themselves Chrome, and Chrome calls itself Safari.
const BROWSERS = { Edg: "Edge", OPR: "Opera", Firefox: "Firefox", Chrome: "Chrome", Safari: "Safari" };
const SYSTEMS = { iPhone: "iPhone", iPad: "iPad", Android: "Android", Windows: "Windows", "Mac OS": "macOS", Linux: "Linux" };

/** Return a short name of the device that sends this `User-Agent`. */
export function deviceName(userAgent: string): string {
  const found = (names: Record<string, string>) => Object.entries(names).find(([part]) => userAgent.includes(part))?.[1];
  const browser = found(BROWSERS);
  const system = found(SYSTEMS);
  if (browser) return system ? `${browser} on ${system}` : browser;
  return userAgent.slice(0, 40) || "Unknown device";
}

const PAGES = {
  "/account": "Profile",
  "/account/security": "Security",
  "/account/sessions": "Sessions",
  "/account/activity": "Activity",
};

export function AccountPages({ current }: { current: keyof typeof PAGES }) {
  return (
    <nav className="tabs" aria-label="Account">
      {Object.entries(PAGES).map(([path, title]) => (
        <a key={path} href={path} aria-current={path === current ? "page" : undefined}>
          {title}
        </a>
      ))}
    </nav>
  );
}
