/** The settings, from the environment. server.mjs ends with a message if a required one is missing. */

/** Where the API is, for this server and for the browser, which sends the contact form there. */
export const API_URL = process.env.API_URL ?? "";

/** Where this application is. Forms are accepted from there only. */
export const APP_URL = process.env.APP_URL ?? "";

/** Identifies this server to the API, which then believes the client addresses that it names. */
export const PROXY_KEY = process.env.PROXY_KEY ?? "";

/** The stack's parameter of the same name: whom access tokens are for. */
export const TOKEN_AUDIENCE = process.env.TOKEN_AUDIENCE ?? "lambda-api-routes";

/** The request header with the client's address. server.mjs sets both; a platform's own may be named instead. */
export const CLIENT_ADDRESS_HEADER = process.env.CLIENT_ADDRESS_HEADER ?? "";

/** Whether a sign-in by email opens an account: the stack's parameter EmailSignUp. */
export const EMAIL_SIGN_UP = process.env.EMAIL_SIGN_UP === "on";

/** Seconds before the end of an access token from which it is refreshed. */
export const REFRESH_IN = Number(process.env.REFRESH_IN ?? 300);

/** How the names of cookies begin. Safari needs INSECURE_COOKIES=1 at http://localhost. */
export const SECURE = process.env.INSECURE_COOKIES !== "1";
export const PREFIX = SECURE ? "__Host-" : "";
