/** `npm run screenshots`: writes pictures of the pages, wide, dark and on a phone, to test/screenshots, and two to docs. */
import { copyFileSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { ADMIN, freePort, startApi, startApplication, stop } from "./servers.mjs";

const FOLDER = join(import.meta.dirname, "screenshots");
const DOCS = join(import.meta.dirname, "../../../docs");
const IN_DOCS = { "notes-wide.png": "example.png", "account-security-dark.png": "example-dark.png" };
const SIZES = {
  wide: { viewport: { width: 1100, height: 720 }, colorScheme: "light" },
  dark: { viewport: { width: 1100, height: 720 }, colorScheme: "dark" },
  phone: { viewport: { width: 390, height: 780 }, colorScheme: "light" },
};

mkdirSync(FOLDER, { recursive: true });
try {
  const port = await freePort();
  process.env.EXAMPLE_API = await startApi(`http://localhost:${port}`, { withNotes: true });
  process.env.EXAMPLE_APPLICATION = (await startApplication(process.env.EXAMPLE_API, port)).appUrl;
  // Reads the addresses when it is loaded.
  const { launch, Visitor } = await import("./browser.mjs");
  const browser = await launch();
  const person = await Visitor.of(browser);
  for (const name of ["Alan Turing", "Grace Hopper", "Ada Lovelace"]) {
    await person.context.clearCookies();
    await person.signUp({ name, email: `${name.split(" ")[0].toLowerCase()}@example.com` });
  }
  await person.open("/notes");
  await person.send("Add note", { Title: "Read the manual of the Analytical Engine" });
  await person.send("Add note", { Title: "Answer Mr. Babbage", "Text (optional)": "About the cards.\nBefore Friday." });
  await person.press("Done: Read the manual of the Analytical Engine");
  const ada = await person.context.storageState();
  const admin = await Visitor.of(browser);
  await admin.signIn(ADMIN.email, ADMIN.password);
  const administrator = await admin.context.storageState();
  for (const [size, options] of Object.entries(SIZES)) {
    const visits = [
      [undefined, ["/", "/register", "/login?next=/account", "/forgot-password", "/verify-email", "/contact"]],
      [ada, ["/account", "/account/security", "/account/sessions", "/account/activity", "/notes", "/reauthenticate"]],
      [administrator, ["/admin/users"]],
    ];
    for (const [storageState, paths] of visits) {
      const visitor = await Visitor.of(browser, { ...options, storageState });
      const shoot = (name) =>
        visitor.page.screenshot({ path: join(FOLDER, `${name}-${size}.png`), fullPage: size === "phone" });
      for (const path of paths) {
        await visitor.open(path);
        await shoot(path.split("?")[0].slice(1).replaceAll("/", "-") || "start");
      }
      if (!storageState) {
        await visitor.open("/register");
        await visitor.send("Create account", { Name: "Ada", Email: "new@example.com", Password: "password" });
        await shoot("register-fault");
      }
      await visitor.close();
    }
  }
  for (const [name, copy] of Object.entries(IN_DOCS)) copyFileSync(join(FOLDER, name), join(DOCS, copy));
  console.log(`The pictures are in ${FOLDER}`);
  await browser.close();
} finally {
  await stop();
}
