// Made by `make client` from docs/openapi.json (SHA-256 40d8a5edcb31887d4ce9b683df1209b60a48a82fd112cde7ef8d7403fcbc7d41). Do not edit.

export interface paths {
    "/.well-known/jwks.json": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Return the valid keys
         * @description A replaced key stays until the last token signed with it has expired.
         */
        get: operations["jwks"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/.well-known/openid-configuration": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Return the discovery document
         * @description 404 until access tokens have a URL as their issuer (parameter TokenIssuer).
         */
        get: operations["openidConfiguration"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/auth/activity": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Return a page of events, newest first */
        get: operations["listActivity"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/auth/change-email": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Email a link to the new address
         * @description The change takes effect when the link is confirmed at /api/auth/verify-email.
         */
        post: operations["changeEmail"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/auth/change-password": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Set the password, end the caller's other sessions, and return new tokens for this one */
        post: operations["changePassword"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/auth/export": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Return everything that the account owns
         * @description Once an hour, if the session is fresh.
         *
         *     If it is over 5 MB, `Location` is the URL of a file with the same JSON, valid for 60 seconds: a browser that follows
         *     it gets the file. Submitted forms belong to no account, and are not included.
         */
        get: operations["exportAccount"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/auth/factors": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Return the confirmed factors, and the number of recovery codes that are left */
        get: operations["listFactors"];
        put?: never;
        /**
         * Create the secret of an authenticator app
         * @description It is active once its first code is confirmed, within ten minutes.
         *
         *     Another call replaces an app that was not confirmed yet.
         */
        post: operations["addFactor"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/auth/factors/{factorId}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Confirm an authenticator app
         * @description The first factor of the account brings ten recovery codes, which are shown once.
         */
        post: operations["confirmFactor"];
        /**
         * Remove the factor, and with the last one the recovery codes
         * @description Sessions that it has raised fall to `aal` 1.
         */
        delete: operations["removeFactor"];
        options?: never;
        head?: never;
        /** Rename the factor */
        patch: operations["renameFactor"];
        trace?: never;
    };
    "/api/auth/forgot-password": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Email a link if the address has an account
         * @description Earlier links stay valid.
         */
        post: operations["forgotPassword"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/auth/identities": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List the linked identities, oldest first */
        get: operations["listIdentities"];
        put?: never;
        /**
         * Return where the browser goes to link an identity
         * @description Only this session can redeem the code at the end.
         */
        post: operations["beginLink"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/auth/identities/{identityId}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Unlink the identity, and end all other sessions of the account */
        delete: operations["unlinkIdentity"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/auth/login": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Start a session, and return its tokens
         * @description If the account has a factor, /api/auth/mfa does.
         */
        post: operations["login"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/auth/login/email": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Email a link and a code if the address has an account, and return the secret of the request */
        post: operations["requestSignIn"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/auth/login/email/verify": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Start a session, and return its tokens
         * @description If the account has a factor, /api/auth/mfa does.
         */
        post: operations["verifySignIn"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/auth/login/passkey": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Start a session of the passkey's account, and return its tokens
         * @description A passkey needs no second step.
         */
        post: operations["loginWithPasskey"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/auth/login/passkey/options": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Return the options for `navigator.credentials.get()`, with a challenge that is valid once, for five minutes
         * @description They are for any proof with a passkey: here, at /api/auth/mfa and at /api/auth/reauthenticate.
         */
        post: operations["requestOptions"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/auth/logout": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * End the sessions
         * @description Their tokens are rejected from the next request on.
         */
        post: operations["logout"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/auth/me": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Return the caller's profile and session */
        get: operations["readMe"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/auth/mfa": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Start the session that the first step has asked for, and return its tokens */
        post: operations["completeSignIn"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/auth/oauth/token": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Start a session, and return its tokens
         * @description If the account has a factor, /api/auth/mfa does.
         *
         *     With a code that links an identity, return the tokens of the session that has asked for it. In a session of an
         *     account that has neither a password nor a factor, signing in again is a fresh proof, and returns its new tokens.
         */
        post: operations["redeemCode"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/auth/oauth/{provider}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Send the browser to the provider
         * @description It returns to `/auth/callback` of the front end, with a code or an error.
         */
        get: operations["beginProviderSignIn"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/auth/oauth/{provider}/callback": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Send the browser to the front end, with a code for /api/auth/oauth/token or with an error */
        get: operations["returnFromProvider"];
        put?: never;
        /** Send the browser to the front end, after a provider that answers with a form */
        post: operations["returnFromProviderWithForm"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/auth/oauth/{provider}/id-token": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Return a nonce to ask the provider with, valid once, for ten minutes */
        get: operations["createNonce"];
        put?: never;
        /**
         * Start a session, and return its tokens
         * @description If the account has a factor, /api/auth/mfa does.
         */
        post: operations["loginWithIdToken"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/auth/passkeys": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Store the passkey
         * @description The first factor of the account brings ten recovery codes, which are shown once.
         */
        post: operations["registerPasskey"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/auth/passkeys/options": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Return the options for `navigator.credentials.create()`, with a challenge for this session, for five minutes */
        post: operations["creationOptions"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/auth/providers": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List the configured providers */
        get: operations["listProviders"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/auth/reauthenticate": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Make the session fresh for ten minutes, and return its new tokens
         * @description Refresh tokens issued before are void.
         */
        post: operations["reauthenticate"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/auth/recovery-codes": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Create ten recovery codes, which are shown once
         * @description Earlier ones are void.
         */
        post: operations["renewRecoveryCodes"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/auth/refresh": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Return new tokens
         * @description A retry after a lost response returns the same refresh token again.
         */
        post: operations["refresh"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/auth/register": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Store a pending registration and return its secret
         * @description The account opens when the address is confirmed.
         */
        post: operations["register"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/auth/resend-verification": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Email another link and code if the address needs to be confirmed
         * @description Earlier ones stay valid.
         */
        post: operations["resendVerification"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/auth/reset-password": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Set the password, and end every session
         * @description This does not sign the user in.
         */
        post: operations["resetPassword"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/auth/sessions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Return the caller's sessions, most recently used first */
        get: operations["listSessions"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/auth/sessions/{sessionId}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** End the session, which signs its device out */
        delete: operations["endSession"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/auth/verify-email": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Open the registration's account and sign in, or prove, change or restore an account's address */
        post: operations["verifyEmail"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/contact": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Return a page of the submissions, newest first */
        get: operations["readContact"];
        put?: never;
        /**
         * Store a submission and email it to us
         * @description A browser is redirected to a page of the front end.
         */
        post: operations["sendContact"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/health": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Read from the database, and respond with 503 if that fails or takes 2 seconds */
        get: operations["health"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/users": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Return a page of users, newest first */
        get: operations["listUsers"];
        put?: never;
        /** Create an account, and email its user an invitation to set a password */
        post: operations["inviteUser"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/users/{userId}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Return the profile */
        get: operations["readUser"];
        /**
         * Replace the profile
         * @description Administrators must provide the role and status too.
         */
        put: operations["replaceUser"];
        post?: never;
        /**
         * Delete the account
         * @description A job removes its activity and what it owned; suppressions and form submissions stay.
         */
        delete: operations["closeAccount"];
        options?: never;
        head?: never;
        /** Change some fields of the profile */
        patch: operations["updateUser"];
        trace?: never;
    };
    "/api/users/{userId}/factors": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /**
         * Remove all factors of a user who has lost them, and end their sessions
         * @description The user is notified.
         */
        delete: operations["resetFactors"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        /** @description Everything that an account owns. */
        AccountExport: {
            user: components["schemas"]["PublicUser"];
            sessions: components["schemas"]["PublicSession"][];
            factors: components["schemas"]["PublicFactor"][];
            identities: components["schemas"]["PublicIdentity"][];
            activity: components["schemas"]["PublicEntry"][];
            resources: {
                [key: string]: {
                    [key: string]: unknown;
                }[];
            };
        };
        /** @description A kind of key that is accepted. */
        Algorithm: {
            /** @constant */
            type: "public-key";
            /** @example -7 */
            alg: number;
        };
        /** @description What `navigator.credentials.get()` has returned, as its `toJSON()` gives it. */
        Assertion: {
            credential: components["schemas"]["AssertionJson"];
        };
        /** @description What the authenticator returned (AuthenticatorAssertionResponseJSON). */
        AssertionData: {
            /** @example eyJ0eXBlIjoid2ViYXV0aG4uZ2V0In0 */
            clientDataJSON: string;
            /** @example omNmbXRkbm9uZWdhdHRTdG10oA */
            authenticatorData: string;
            /** @example omNmbXRkbm9uZWdhdHRTdG10oA */
            signature: string;
            userHandle?: string | null;
        };
        /** @description A signature with a passkey (AuthenticationResponseJSON). */
        AssertionJson: {
            /** @example 8Yq1CwKHLw0bNn6IoCb1MgAvBvO5yVqPzXQmYtE3n0s */
            id: string;
            /** @example 8Yq1CwKHLw0bNn6IoCb1MgAvBvO5yVqPzXQmYtE3n0s */
            rawId: string;
            /** @constant */
            type: "public-key";
            response: components["schemas"]["AssertionData"];
        };
        /** @description What the front end needs when the browser returns: its PKCE challenge, and the page to continue at. */
        Beginning: {
            /** @example E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM */
            codeChallenge: string;
            /**
             * @default /
             * @example /settings?tab=1
             */
            next?: string;
        };
        /** @description The fields to change. Null clears a field that can be null. */
        Changes: {
            /** @example Ada Lovelace */
            name?: string;
            /** @enum {string} */
            role?: "user" | "admin";
            /** @enum {string} */
            status?: "active" | "disabled";
        };
        /**
         * @description The code of `/auth/callback`, or of an email that links an account, and the verifier of its flow.
         *
         *     A code from an email needs no verifier in a fresh session of its account.
         */
        CodeAndVerifier: {
            /** @example 1Yp0mZxqQkq0dQf7yJ3tUw6bW8nS2aRzLc4eVh5gKiM */
            code: string;
            /** @default null */
            codeVerifier?: string | null;
        };
        /** @description A factor that was confirmed. */
        Confirmed: {
            recoveryCodes?: string[];
        };
        /** @description PublicKeyCredentialCreationOptionsJSON. */
        CreationOptions: {
            rp: components["schemas"]["RelyingParty"];
            user: components["schemas"]["UserEntity"];
            /** @example C3xaPl8OTFeaMW8vDxydQg */
            challenge: string;
            pubKeyCredParams: components["schemas"]["Algorithm"][];
            /** @example 300000 */
            timeout: number;
            excludeCredentials: components["schemas"]["Descriptor"][];
            authenticatorSelection: components["schemas"]["Selection"];
            /** @constant */
            attestation: "none";
            extensions: {
                [key: string]: unknown;
            };
        };
        /** @description The session's current refresh token. */
        CurrentToken: {
            /** @example AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA */
            refreshToken: string;
        };
        /** @description Where the browser goes. */
        Departure: {
            /** @example https://accounts.google.com/o/oauth2/v2/auth?state=1Yp0mZ */
            url: string;
        };
        /** @description A passkey of the account. */
        Descriptor: {
            /** @constant */
            type: "public-key";
            /** @example C3xaPl8OTFeaMW8vDxydQg */
            id: string;
            transports: string[];
        };
        Difference: {
            /** @example role */
            field: string;
            from?: string;
            to?: string;
        };
        /** @description Email and password to check, and the `device` of the latest sign-in with this client. */
        EmailAndPassword: {
            /**
             * Format: email
             * @example ada@example.com
             */
            email: string;
            /**
             * Format: password
             * @example correct horse battery
             */
            password: string;
            /**
             * @default
             * @example 1Yp0mZxqQkq0dQf7yJ3tUw6bW8nS2aRzLc4eVh5gKiM
             */
            device?: string;
        };
        /** @description An error. Branch on `code`, show `message`. */
        Error: {
            /** @constant */
            success: false;
            message: string;
            code: string;
            /** @example MkR13hYRjoEEPwA= */
            requestId: string;
            errors?: components["schemas"]["FieldError"][];
            mfa?: components["schemas"]["SecondStep-Output"];
            methods?: ("password" | "totp" | "recovery_code" | "passkey" | "email" | "provider")[];
        };
        /** @description The confirmed factors, oldest first, and the number of recovery codes that are left. */
        FactorList: {
            data: components["schemas"]["PublicFactor"][];
            /** @example 10 */
            recoveryCodes: number;
        };
        /** @description What is wrong with one field. */
        FieldError: {
            /** @example email */
            field: string;
            /** @example is required */
            message: string;
        };
        /** @description The code that the authenticator app shows. */
        FirstCode: {
            /** @example 123456 */
            code: string;
        };
        /** @description The address to send the link to. */
        ForgottenPassword: {
            /** @default null */
            captchaToken?: string | null;
            /**
             * Format: email
             * @example ada@example.com
             */
            email: string;
        };
        /** @description The API answers, and so does its database. */
        Health: {
            /** @constant */
            status: "ok";
            /** @example 1.0.0 */
            version: string;
        };
        /** @description An id token, and the nonce that GET has returned. The token contains the nonce or its SHA-256 in hexadecimal. */
        IdToken: {
            /** @example 1Yp0mZxqQkq0dQf7yJ3tUw6bW8nS2aRzLc4eVh5gKiM */
            idToken: string;
            /** @example 1Yp0mZxqQkq0dQf7yJ3tUw6bW8nS2aRzLc4eVh5gKiM */
            nonce: string;
        };
        /** @description The answer in the address of the page (RFC 6749, 4.1.2; RFC 9207). */
        InAddress: {
            /** @default  */
            state?: string;
            /** @default  */
            code?: string;
            /** @default  */
            error?: string;
            /** @default null */
            iss?: string | null;
        };
        /** @description The answer in a form (OAuth 2.0 Form Post Response Mode). `user` is Apple's. */
        InForm: {
            /** @default  */
            state?: string;
            /** @default  */
            code?: string;
            /** @default  */
            error?: string;
            /** @default null */
            iss?: string | null;
            /** @default  */
            user?: string;
        };
        /** @description The user to invite. */
        Invitation: {
            /** @example Ada Lovelace */
            name: string;
            /**
             * Format: email
             * @example ada@example.com
             */
            email: string;
            /**
             * @default user
             * @enum {string}
             */
            role?: "user" | "admin";
        };
        /** @description A public key (RFC 7517, 4; RFC 7518, 6.2). */
        Jwk: {
            /** @constant */
            kty: "EC";
            /** @constant */
            crv: "P-256";
            /** @example f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU */
            x: string;
            /** @example f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU */
            y: string;
            /** @example 3f0c2c8a-7a4e-4f0e-9d5b-1f6f0f2f9a11 */
            kid: string;
            /** @constant */
            use: "sig";
            /** @constant */
            alg: "ES256";
        };
        /** @description The valid keys (RFC 7517, 5). Tokens name theirs in the header `kid`. */
        Jwks: {
            keys: components["schemas"]["Jwk"][];
        };
        /** @description The provider, and what the front end needs when the browser returns, as at /api/auth/oauth/{provider}. */
        Link: {
            /** @example 1Yp0mZxqQkq0dQf7yJ3tUw6bW8nS2aRzLc4eVh5gKiM */
            provider: string;
            /** @example E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM */
            codeChallenge: string;
            /**
             * @default /
             * @example /settings?tab=1
             */
            next?: string;
        };
        /** @description The link's token, and the secret of the request if the link is bound or opens an account; or request and code. */
        MailboxProof: {
            /** @default null */
            token?: string | null;
            /**
             * @default
             * @example 1Yp0mZxqQkq0dQf7yJ3tUw6bW8nS2aRzLc4eVh5gKiM
             */
            request?: string;
            /** @default null */
            code?: string | null;
        };
        /** @description The caller's profile and session. */
        Me: {
            user: components["schemas"]["PublicUser"];
            session: components["schemas"]["PublicSession"];
        };
        /** @description A message, and its sender's name and address. */
        "Message-Input": {
            /** @default null */
            captchaToken?: string | null;
            /** @default null */
            website?: string | null;
            /** @example Ada Lovelace */
            name: string;
            /**
             * Format: email
             * @example ada@example.com
             */
            email: string;
            /**
             * @example Hello,
             *     how are you?
             */
            message: string;
        };
        /** @description A text for the user. */
        "Message-Output": {
            /** @example Your address is confirmed. */
            message: string;
        };
        /**
         * @description The new address, and the password, which a fresh session may leave out.
         *
         *     A session must be fresh if the account has a factor.
         */
        NewAddress: {
            /**
             * Format: email
             * @example ada@example.com
             */
            newEmail: string;
            /** @default null */
            password?: string | null;
        };
        /** @description An authenticator app that waits for its first code, for ten minutes. */
        NewApp: {
            /**
             * Format: uuid
             * @example 0b7c5a3e-5f0e-4c57-9a31-6f2f0f1c9d42
             */
            id: string;
            /** @example JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP */
            secret: string;
            /** @example otpauth://totp/Example:ada%40example.com?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP */
            uri: string;
        };
        /** @description The type of the factor, and a name by which its owner recognizes it. */
        NewFactor: {
            /** @constant */
            type: "totp";
            /** @example Ada Lovelace */
            name: string;
        };
        /**
         * @description What `navigator.credentials.create()` has returned, as its `toJSON()` gives it, and a name.
         *
         *     Without a name, the passkey gets that of its authenticator, if it is well known.
         */
        NewPasskey: {
            credential: components["schemas"]["RegistrationJson"];
            /** @default null */
            name?: string | null;
        };
        /** @description The link's token, and the new password. */
        NewPassword: {
            /** @example 1Yp0mZxqQkq0dQf7yJ3tUw6bW8nS2aRzLc4eVh5gKiM */
            token: string;
            /**
             * Format: password
             * @example correct horse battery
             */
            password: string;
        };
        /** @description Ten recovery codes. They are shown once. */
        NewRecoveryCodes: {
            recoveryCodes: string[];
        };
        /** @description A nonce for an id token, valid once, for ten minutes. */
        Nonce: {
            /** @example 1Yp0mZxqQkq0dQf7yJ3tUw6bW8nS2aRzLc4eVh5gKiM */
            nonce: string;
        };
        /** @description The issuer of access tokens, and its keys (OpenID Connect Discovery 1.0, 3). */
        OpenidConfiguration: {
            /** @example https://api.example.com */
            issuer: string;
            /** @example https://api.example.com/.well-known/jwks.json */
            jwks_uri: string;
            response_types_supported: string[];
            subject_types_supported: "public"[];
            id_token_signing_alg_values_supported: "ES256"[];
        };
        /** @description The requested page of a listing. */
        Paging: {
            /** @default 20 */
            limit?: number;
            /** @default null */
            cursor?: string | null;
        };
        /** @description The current and the new password. An account without a password has no current one, and must be fresh. */
        Passwords: {
            /** @default null */
            currentPassword?: string | null;
            /**
             * Format: password
             * @example correct horse battery
             */
            newPassword: string;
        };
        /**
         * @description One proof: the password or, for an account with a factor, a code of an app, a recovery code or a passkey.
         *
         *     For an account that has neither: the code of an email, and the secret that /api/auth/login/email has returned.
         */
        Proof: {
            /** @default null */
            password?: string | null;
            /** @default null */
            code?: string | null;
            /** @default null */
            recoveryCode?: string | null;
            /** @default null */
            credential?: components["schemas"]["AssertionJson"] | null;
            /** @default null */
            request?: string | null;
            /** @default null */
            mailCode?: string | null;
        };
        /**
         * @description The mailbox's proof: the link's token, or the address and its six-digit code; and the registrant's.
         *
         *     The registrant's proof is the secret of the response to the registration, or else its password. Only a link that
         *     concerns an existing account needs none.
         */
        Proofs: {
            /** @default null */
            token?: string | null;
            /** @default null */
            email?: string | null;
            /** @default null */
            code?: string | null;
            /**
             * @default
             * @example 1Yp0mZxqQkq0dQf7yJ3tUw6bW8nS2aRzLc4eVh5gKiM
             */
            registration?: string;
            /**
             * Format: password
             * @default
             * @example correct horse battery
             */
            password?: string;
        };
        /** @description A security event. */
        PublicEntry: {
            /**
             * Format: date-time
             * @example 2026-08-04T12:00:00.000Z
             */
            at: string;
            /** @enum {string} */
            event: "user_confirmation_requested" | "user_signedup" | "user_invited" | "user_email_verified" | "user_email_bounced" | "user_email_complained" | "user_sign_in_requested" | "login" | "user_reauthenticated" | "logout" | "token_refreshed" | "token_reused" | "user_recovery_requested" | "user_password_reset" | "user_password_changed" | "user_email_change_requested" | "user_email_changed" | "user_email_change_undone" | "factor_added" | "factor_updated" | "factor_unenrolled" | "factors_reset" | "generate_recovery_codes" | "recovery_code_used" | "passkey_clone_suspected" | "identity_linked" | "identity_unlinked" | "user_modified" | "data_exported" | "user_deleted";
            /** @enum {string} */
            outcome: "success" | "failure";
            /** @example 203.0.113.10 */
            ip: string;
            /** @example Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Firefox/140.0 */
            userAgent: string;
            /** @enum {string} */
            by?: "self" | "admin";
            changes?: components["schemas"]["Difference"][];
        };
        /** @description A confirmed factor. */
        PublicFactor: {
            /**
             * Format: uuid
             * @example 0b7c5a3e-5f0e-4c57-9a31-6f2f0f1c9d42
             */
            id: string;
            /** @enum {string} */
            type: "totp" | "passkey";
            /** @example My phone */
            name: string;
            /**
             * Format: date-time
             * @example 2026-08-04T12:00:00.000Z
             */
            createdAt: string;
            lastUsedAt: string | null;
            synced?: boolean;
        };
        /** @description A linked identity. `email` is the address at the provider when it was linked. */
        PublicIdentity: {
            /** @example 9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f */
            id: string;
            /** @example google */
            provider: string;
            /** @example ada@example.com */
            email: string;
            /**
             * Format: date-time
             * @example 2026-08-04T12:00:00.000Z
             */
            createdAt: string;
            /**
             * Format: date-time
             * @example 2026-08-04T12:00:00.000Z
             */
            lastUsedAt: string;
        };
        /** @description A provider to sign in with. */
        PublicProvider: {
            /** @example google */
            id: string;
            /** @example Google */
            name: string;
        };
        /** @description A device that is signed in. */
        PublicSession: {
            /**
             * Format: uuid
             * @example 0b7c5a3e-5f0e-4c57-9a31-6f2f0f1c9d42
             */
            id: string;
            /**
             * Format: date-time
             * @example 2026-08-04T12:00:00.000Z
             */
            createdAt: string;
            /**
             * Format: date-time
             * @example 2026-08-04T12:00:00.000Z
             */
            lastUsedAt: string;
            /**
             * Format: date-time
             * @example 2026-08-04T12:00:00.000Z
             */
            expiresAt: string;
            /** @example 203.0.113.10 */
            ip: string;
            /** @example Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Firefox/140.0 */
            userAgent: string;
            /**
             * @example [
             *       "pwd",
             *       "otp",
             *       "mfa"
             *     ]
             */
            amr: string[];
            /** @enum {integer} */
            aal: 1 | 2;
            current: boolean;
        };
        /** @description A submission with the fields of its form. */
        PublicSubmission: {
            /**
             * Format: uuid
             * @example 0b7c5a3e-5f0e-4c57-9a31-6f2f0f1c9d42
             */
            id: string;
            /**
             * Format: date-time
             * @example 2026-08-04T12:00:00.000Z
             */
            createdAt: string;
        };
        /** @description A profile. */
        PublicUser: {
            /**
             * Format: uuid
             * @example 0b7c5a3e-5f0e-4c57-9a31-6f2f0f1c9d42
             */
            id: string;
            /** @example Ada Lovelace */
            name: string;
            /**
             * Format: email
             * @example ada@example.com
             */
            email: string;
            /** @enum {string} */
            role: "user" | "admin";
            /** @enum {string} */
            status: "active" | "disabled";
            emailVerified: boolean;
            /** @enum {string} */
            emailStatus: "ok" | "bounced" | "complained";
            /**
             * Format: date-time
             * @example 2026-08-04T12:00:00.000Z
             */
            createdAt: string;
            /**
             * Format: date-time
             * @example 2026-08-04T12:00:00.000Z
             */
            updatedAt: string;
        };
        /** @description A new passkey. */
        RegisteredPasskey: {
            /**
             * Format: uuid
             * @example 0b7c5a3e-5f0e-4c57-9a31-6f2f0f1c9d42
             */
            id: string;
            /** @enum {string} */
            type: "totp" | "passkey";
            /** @example My phone */
            name: string;
            /**
             * Format: date-time
             * @example 2026-08-04T12:00:00.000Z
             */
            createdAt: string;
            lastUsedAt: string | null;
            synced?: boolean;
            recoveryCodes?: string[];
        };
        /** @description Name, email and password of the new account. */
        Registration: {
            /** @default null */
            captchaToken?: string | null;
            /** @example Ada Lovelace */
            name: string;
            /**
             * Format: email
             * @example ada@example.com
             */
            email: string;
            /**
             * Format: password
             * @example correct horse battery
             */
            password: string;
        };
        /** @description What the authenticator returned (AuthenticatorAttestationResponseJSON). */
        RegistrationData: {
            /** @example eyJ0eXBlIjoid2ViYXV0aG4uZ2V0In0 */
            clientDataJSON: string;
            /** @example omNmbXRkbm9uZWdhdHRTdG10oA */
            attestationObject: string;
            transports?: string[];
        };
        /** @description A new passkey (RegistrationResponseJSON). */
        RegistrationJson: {
            /** @example 8Yq1CwKHLw0bNn6IoCb1MgAvBvO5yVqPzXQmYtE3n0s */
            id: string;
            /** @example 8Yq1CwKHLw0bNn6IoCb1MgAvBvO5yVqPzXQmYtE3n0s */
            rawId: string;
            /** @constant */
            type: "public-key";
            response: components["schemas"]["RegistrationData"];
        };
        /** @description A pending registration. */
        RegistrationStarted: {
            /** @example Your address is confirmed. */
            message: string;
            /** @example 1Yp0mZxqQkq0dQf7yJ3tUw6bW8nS2aRzLc4eVh5gKiM */
            registration: string;
        };
        /** @description The site that passkeys are for. */
        RelyingParty: {
            /** @example example.com */
            id: string;
            /** @example Example */
            name: string;
        };
        /** @description Another name. */
        Renamed: {
            /** @example Ada Lovelace */
            name: string;
        };
        /**
         * @description All fields that the caller may change: the name, and for administrators the role and status.
         *
         *     A field that can be null becomes null if it is left out.
         */
        Replacement: {
            /** @example Ada Lovelace */
            name: string;
            /** @enum {string} */
            role?: "user" | "admin";
            /** @enum {string} */
            status?: "active" | "disabled";
        };
        /** @description PublicKeyCredentialRequestOptionsJSON. */
        RequestOptions: {
            /** @example C3xaPl8OTFeaMW8vDxydQg */
            challenge: string;
            /** @example example.com */
            rpId: string;
            allowCredentials: components["schemas"]["Descriptor"][];
            /** @example 300000 */
            timeout: number;
            /** @constant */
            userVerification: "required";
        };
        /** @description A page of all users, or the user with this address. */
        Search: {
            /** @default 20 */
            limit?: number;
            /** @default null */
            cursor?: string | null;
            /** @default null */
            email?: string | null;
        };
        /**
         * @description The token of the first step, and one proof: the code of an authenticator app, a recovery code or a passkey.
         *
         *     `device` is that of the latest sign-in with this client. It is not needed if the first step had it.
         */
        "SecondStep-Input": {
            /** @example 1Yp0mZxqQkq0dQf7yJ3tUw6bW8nS2aRzLc4eVh5gKiM */
            token: string;
            /** @default null */
            code?: string | null;
            /** @default null */
            recoveryCode?: string | null;
            /** @default null */
            credential?: components["schemas"]["AssertionJson"] | null;
            /**
             * @default
             * @example 1Yp0mZxqQkq0dQf7yJ3tUw6bW8nS2aRzLc4eVh5gKiM
             */
            device?: string;
        };
        /** @description What a sign-in needs besides its first step. */
        "SecondStep-Output": {
            /** @example 1Yp0mZxqQkq0dQf7yJ3tUw6bW8nS2aRzLc4eVh5gKiM */
            token: string;
            methods: ("password" | "totp" | "recovery_code" | "passkey" | "email" | "provider")[];
            /** @example 300 */
            expiresIn: number;
        };
        /** @description What the authenticator must be able to do. */
        Selection: {
            /** @constant */
            residentKey: "required";
            /** @constant */
            requireResidentKey: true;
            /** @constant */
            userVerification: "required";
        };
        /**
         * @description The address, whether the link is bound to this client, and the name of a new account.
         *
         *     A `bound` link signs in only together with `request`. Without a `name`, a new account gets the part of its address
         *     before the @. Accounts open only if the parameter `EmailSignUp` is on and the sign-up policy allows the address.
         */
        SignInByEmail: {
            /** @default null */
            captchaToken?: string | null;
            /**
             * Format: email
             * @example ada@example.com
             */
            email: string;
            /** @default false */
            bound?: boolean;
            /** @default null */
            name?: string | null;
        };
        /** @description A request to sign in by email. */
        SignInRequested: {
            /** @example Your address is confirmed. */
            message: string;
            /** @example 1Yp0mZxqQkq0dQf7yJ3tUw6bW8nS2aRzLc4eVh5gKiM */
            request: string;
        };
        /** @description The caller's sessions to end. */
        SignOut: {
            /**
             * @default local
             * @enum {string}
             */
            scope?: "local" | "others" | "global";
        };
        /** @description The user of a session. */
        SignedInUser: {
            /**
             * Format: uuid
             * @example 0b7c5a3e-5f0e-4c57-9a31-6f2f0f1c9d42
             */
            id: string;
            /**
             * Format: email
             * @example ada@example.com
             */
            email: string;
            /** @example Ada Lovelace */
            name: string;
            /** @enum {string} */
            role: "user" | "admin";
        };
        /** @description A stored submission. */
        SubmissionId: {
            /**
             * Format: uuid
             * @example 0b7c5a3e-5f0e-4c57-9a31-6f2f0f1c9d42
             */
            id: string;
        };
        /** @description The tokens of a session (RFC 6749, 5.1, with the names that front ends expect). */
        Tokens: {
            /** @example eyJhbGciOiJFUzI1NiIsInR5cCI6ImF0K2p3dCIsImtpZCI6Ij… */
            token: string;
            /** @constant */
            tokenType: "Bearer";
            /** @example 3600 */
            expiresIn: number;
            /** @example 1Yp0mZxqQkq0dQf7yJ3tUw6bW8nS2aRzLc4eVh5gKiM */
            refreshToken: string;
            /** @example 1Yp0mZxqQkq0dQf7yJ3tUw6bW8nS2aRzLc4eVh5gKiM */
            device: string;
            user: components["schemas"]["SignedInUser"];
        };
        /** @description The address to confirm, and the secret of the registration that the emailed code is for. */
        UnconfirmedAddress: {
            /**
             * Format: email
             * @example ada@example.com
             */
            email: string;
            /**
             * @default
             * @example 1Yp0mZxqQkq0dQf7yJ3tUw6bW8nS2aRzLc4eVh5gKiM
             */
            registration?: string;
        };
        /** @description The account, as the browser shows it. */
        UserEntity: {
            /** @example C3xaPl8OTFeaMW8vDxydQg */
            id: string;
            /**
             * Format: email
             * @example ada@example.com
             */
            name: string;
            /** @example Ada Lovelace */
            displayName: string;
        };
    };
    responses: {
        /** @description The body is larger than 1 MB. */
        BodyTooLarge: {
            headers: {
                "Cache-Control": components["headers"]["Cache-Control"];
                "Content-Security-Policy": components["headers"]["Content-Security-Policy"];
                "Referrer-Policy": components["headers"]["Referrer-Policy"];
                "Strict-Transport-Security": components["headers"]["Strict-Transport-Security"];
                "X-Content-Type-Options": components["headers"]["X-Content-Type-Options"];
                "X-Request-Id": components["headers"]["X-Request-Id"];
                /** @description What is left of the limits of this client (draft-ietf-httpapi-ratelimit-headers). */
                RateLimit?: string;
                /** @description The limits (draft-ietf-httpapi-ratelimit-headers). */
                "RateLimit-Policy"?: string;
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["Error"] & {
                    /** @enum {unknown} */
                    code?: "body_too_large";
                };
            };
        };
        /** @description Another account has this address. */
        EmailTaken: {
            headers: {
                "Cache-Control": components["headers"]["Cache-Control"];
                "Content-Security-Policy": components["headers"]["Content-Security-Policy"];
                "Referrer-Policy": components["headers"]["Referrer-Policy"];
                "Strict-Transport-Security": components["headers"]["Strict-Transport-Security"];
                "X-Content-Type-Options": components["headers"]["X-Content-Type-Options"];
                "X-Request-Id": components["headers"]["X-Request-Id"];
                /** @description What is left of the limits of this client (draft-ietf-httpapi-ratelimit-headers). */
                RateLimit?: string;
                /** @description The limits (draft-ietf-httpapi-ratelimit-headers). */
                "RateLimit-Policy"?: string;
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["Error"] & {
                    /** @enum {unknown} */
                    code?: "email_taken";
                };
            };
        };
        /** @description The caller has no factor with this id, or it was not confirmed in time. */
        FactorNotFound: {
            headers: {
                "Cache-Control": components["headers"]["Cache-Control"];
                "Content-Security-Policy": components["headers"]["Content-Security-Policy"];
                "Referrer-Policy": components["headers"]["Referrer-Policy"];
                "Strict-Transport-Security": components["headers"]["Strict-Transport-Security"];
                "X-Content-Type-Options": components["headers"]["X-Content-Type-Options"];
                "X-Request-Id": components["headers"]["X-Request-Id"];
                /** @description What is left of the limits of this client (draft-ietf-httpapi-ratelimit-headers). */
                RateLimit?: string;
                /** @description The limits (draft-ietf-httpapi-ratelimit-headers). */
                "RateLimit-Policy"?: string;
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["Error"] & {
                    /** @enum {unknown} */
                    code?: "factor_not_found";
                };
            };
        };
        /** @description The caller's role does not permit this. */
        Forbidden: {
            headers: {
                "Cache-Control": components["headers"]["Cache-Control"];
                "Content-Security-Policy": components["headers"]["Content-Security-Policy"];
                "Referrer-Policy": components["headers"]["Referrer-Policy"];
                "Strict-Transport-Security": components["headers"]["Strict-Transport-Security"];
                "X-Content-Type-Options": components["headers"]["X-Content-Type-Options"];
                "X-Request-Id": components["headers"]["X-Request-Id"];
                /** @description What is left of the limits of this client (draft-ietf-httpapi-ratelimit-headers). */
                RateLimit?: string;
                /** @description The limits (draft-ietf-httpapi-ratelimit-headers). */
                "RateLimit-Policy"?: string;
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["Error"] & {
                    /** @enum {unknown} */
                    code?: "forbidden";
                };
            };
        };
        /** @description The caller's account is not linked to this identity. */
        IdentityNotFound: {
            headers: {
                "Cache-Control": components["headers"]["Cache-Control"];
                "Content-Security-Policy": components["headers"]["Content-Security-Policy"];
                "Referrer-Policy": components["headers"]["Referrer-Policy"];
                "Strict-Transport-Security": components["headers"]["Strict-Transport-Security"];
                "X-Content-Type-Options": components["headers"]["X-Content-Type-Options"];
                "X-Request-Id": components["headers"]["X-Request-Id"];
                /** @description What is left of the limits of this client (draft-ietf-httpapi-ratelimit-headers). */
                RateLimit?: string;
                /** @description The limits (draft-ietf-httpapi-ratelimit-headers). */
                "RateLimit-Policy"?: string;
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["Error"] & {
                    /** @enum {unknown} */
                    code?: "identity_not_found";
                };
            };
        };
        /** @description A defect of ours. The response does not reveal the cause. */
        InternalError: {
            headers: {
                "Cache-Control": components["headers"]["Cache-Control"];
                "Content-Security-Policy": components["headers"]["Content-Security-Policy"];
                "Referrer-Policy": components["headers"]["Referrer-Policy"];
                "Strict-Transport-Security": components["headers"]["Strict-Transport-Security"];
                "X-Content-Type-Options": components["headers"]["X-Content-Type-Options"];
                "X-Request-Id": components["headers"]["X-Request-Id"];
                /** @description What is left of the limits of this client (draft-ietf-httpapi-ratelimit-headers). */
                RateLimit?: string;
                /** @description The limits (draft-ietf-httpapi-ratelimit-headers). */
                "RateLimit-Policy"?: string;
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["Error"] & {
                    /** @enum {unknown} */
                    code?: "internal_error";
                };
            };
        };
        /** @description Unknown address, wrong password, or locked or disabled account. Callers never learn which. */
        InvalidCredentials: {
            headers: {
                "Cache-Control": components["headers"]["Cache-Control"];
                "Content-Security-Policy": components["headers"]["Content-Security-Policy"];
                "Referrer-Policy": components["headers"]["Referrer-Policy"];
                "Strict-Transport-Security": components["headers"]["Strict-Transport-Security"];
                "X-Content-Type-Options": components["headers"]["X-Content-Type-Options"];
                "X-Request-Id": components["headers"]["X-Request-Id"];
                /** @description What is left of the limits of this client (draft-ietf-httpapi-ratelimit-headers). */
                RateLimit?: string;
                /** @description The limits (draft-ietf-httpapi-ratelimit-headers). */
                "RateLimit-Policy"?: string;
                "WWW-Authenticate": components["headers"]["WWW-Authenticate"];
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["Error"] & {
                    /** @enum {unknown} */
                    code?: "invalid_credentials";
                };
            };
        };
        /** @description The provider's id token is invalid, expired or not for us, or its nonce is used, expired or not ours. */
        InvalidIdToken: {
            headers: {
                "Cache-Control": components["headers"]["Cache-Control"];
                "Content-Security-Policy": components["headers"]["Content-Security-Policy"];
                "Referrer-Policy": components["headers"]["Referrer-Policy"];
                "Strict-Transport-Security": components["headers"]["Strict-Transport-Security"];
                "X-Content-Type-Options": components["headers"]["X-Content-Type-Options"];
                "X-Request-Id": components["headers"]["X-Request-Id"];
                /** @description What is left of the limits of this client (draft-ietf-httpapi-ratelimit-headers). */
                RateLimit?: string;
                /** @description The limits (draft-ietf-httpapi-ratelimit-headers). */
                "RateLimit-Policy"?: string;
                "WWW-Authenticate": components["headers"]["WWW-Authenticate"];
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["Error"] & {
                    /** @enum {unknown} */
                    code?: "invalid_id_token";
                };
            };
        };
        /** @description The change would leave no administrator who can sign in. */
        LastAdmin: {
            headers: {
                "Cache-Control": components["headers"]["Cache-Control"];
                "Content-Security-Policy": components["headers"]["Content-Security-Policy"];
                "Referrer-Policy": components["headers"]["Referrer-Policy"];
                "Strict-Transport-Security": components["headers"]["Strict-Transport-Security"];
                "X-Content-Type-Options": components["headers"]["X-Content-Type-Options"];
                "X-Request-Id": components["headers"]["X-Request-Id"];
                /** @description What is left of the limits of this client (draft-ietf-httpapi-ratelimit-headers). */
                RateLimit?: string;
                /** @description The limits (draft-ietf-httpapi-ratelimit-headers). */
                "RateLimit-Policy"?: string;
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["Error"] & {
                    /** @enum {unknown} */
                    code?: "last_admin";
                };
            };
        };
        /** @description Without this passkey or identity, the account could be reached by email only. */
        LastWayIn: {
            headers: {
                "Cache-Control": components["headers"]["Cache-Control"];
                "Content-Security-Policy": components["headers"]["Content-Security-Policy"];
                "Referrer-Policy": components["headers"]["Referrer-Policy"];
                "Strict-Transport-Security": components["headers"]["Strict-Transport-Security"];
                "X-Content-Type-Options": components["headers"]["X-Content-Type-Options"];
                "X-Request-Id": components["headers"]["X-Request-Id"];
                /** @description What is left of the limits of this client (draft-ietf-httpapi-ratelimit-headers). */
                RateLimit?: string;
                /** @description The limits (draft-ietf-httpapi-ratelimit-headers). */
                "RateLimit-Policy"?: string;
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["Error"] & {
                    /** @enum {unknown} */
                    code?: "last_way_in";
                };
            };
        };
        /** @description The path does not support this verb. */
        MethodNotAllowed: {
            headers: {
                "Cache-Control": components["headers"]["Cache-Control"];
                "Content-Security-Policy": components["headers"]["Content-Security-Policy"];
                "Referrer-Policy": components["headers"]["Referrer-Policy"];
                "Strict-Transport-Security": components["headers"]["Strict-Transport-Security"];
                "X-Content-Type-Options": components["headers"]["X-Content-Type-Options"];
                "X-Request-Id": components["headers"]["X-Request-Id"];
                /** @description What is left of the limits of this client (draft-ietf-httpapi-ratelimit-headers). */
                RateLimit?: string;
                /** @description The limits (draft-ietf-httpapi-ratelimit-headers). */
                "RateLimit-Policy"?: string;
                Allow: components["headers"]["Allow"];
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["Error"] & {
                    /** @enum {unknown} */
                    code?: "method_not_allowed";
                };
            };
        };
        /** @description The first step of a sign-in is done, and the account has a factor: one of `methods` has to be proved. */
        MfaRequired: {
            headers: {
                "Cache-Control": components["headers"]["Cache-Control"];
                "Content-Security-Policy": components["headers"]["Content-Security-Policy"];
                "Referrer-Policy": components["headers"]["Referrer-Policy"];
                "Strict-Transport-Security": components["headers"]["Strict-Transport-Security"];
                "X-Content-Type-Options": components["headers"]["X-Content-Type-Options"];
                "X-Request-Id": components["headers"]["X-Request-Id"];
                /** @description What is left of the limits of this client (draft-ietf-httpapi-ratelimit-headers). */
                RateLimit?: string;
                /** @description The limits (draft-ietf-httpapi-ratelimit-headers). */
                "RateLimit-Policy"?: string;
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["Error"] & {
                    /** @enum {unknown} */
                    code?: "mfa_required";
                };
            };
        };
        /** @description Recovery codes stand in for a factor, and the account has none. */
        NoFactors: {
            headers: {
                "Cache-Control": components["headers"]["Cache-Control"];
                "Content-Security-Policy": components["headers"]["Content-Security-Policy"];
                "Referrer-Policy": components["headers"]["Referrer-Policy"];
                "Strict-Transport-Security": components["headers"]["Strict-Transport-Security"];
                "X-Content-Type-Options": components["headers"]["X-Content-Type-Options"];
                "X-Request-Id": components["headers"]["X-Request-Id"];
                /** @description What is left of the limits of this client (draft-ietf-httpapi-ratelimit-headers). */
                RateLimit?: string;
                /** @description The limits (draft-ietf-httpapi-ratelimit-headers). */
                "RateLimit-Policy"?: string;
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["Error"] & {
                    /** @enum {unknown} */
                    code?: "no_factors";
                };
            };
        };
        /** @description The parameter TokenIssuer is not a URL, so this API does not know its own address. */
        NoIssuer: {
            headers: {
                "Cache-Control": components["headers"]["Cache-Control"];
                "Content-Security-Policy": components["headers"]["Content-Security-Policy"];
                "Referrer-Policy": components["headers"]["Referrer-Policy"];
                "Strict-Transport-Security": components["headers"]["Strict-Transport-Security"];
                "X-Content-Type-Options": components["headers"]["X-Content-Type-Options"];
                "X-Request-Id": components["headers"]["X-Request-Id"];
                /** @description What is left of the limits of this client (draft-ietf-httpapi-ratelimit-headers). */
                RateLimit?: string;
                /** @description The limits (draft-ietf-httpapi-ratelimit-headers). */
                "RateLimit-Policy"?: string;
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["Error"] & {
                    /** @enum {unknown} */
                    code?: "no_issuer";
                };
            };
        };
        /** @description The request has no bearer token. The token was not issued by us, or not as an access token for this API. The token is genuine but has expired. The token is valid, but its session was signed out, was revoked, or has expired. */
        NotSignedIn: {
            headers: {
                "Cache-Control": components["headers"]["Cache-Control"];
                "Content-Security-Policy": components["headers"]["Content-Security-Policy"];
                "Referrer-Policy": components["headers"]["Referrer-Policy"];
                "Strict-Transport-Security": components["headers"]["Strict-Transport-Security"];
                "X-Content-Type-Options": components["headers"]["X-Content-Type-Options"];
                "X-Request-Id": components["headers"]["X-Request-Id"];
                /** @description What is left of the limits of this client (draft-ietf-httpapi-ratelimit-headers). */
                RateLimit?: string;
                /** @description The limits (draft-ietf-httpapi-ratelimit-headers). */
                "RateLimit-Policy"?: string;
                "WWW-Authenticate": components["headers"]["WWW-Authenticate"];
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["Error"] & {
                    /** @enum {unknown} */
                    code?: "no_token" | "invalid_token" | "token_expired" | "session_ended";
                };
            };
        };
        /** @description No provider of this name is configured. */
        ProviderNotFound: {
            headers: {
                "Cache-Control": components["headers"]["Cache-Control"];
                "Content-Security-Policy": components["headers"]["Content-Security-Policy"];
                "Referrer-Policy": components["headers"]["Referrer-Policy"];
                "Strict-Transport-Security": components["headers"]["Strict-Transport-Security"];
                "X-Content-Type-Options": components["headers"]["X-Content-Type-Options"];
                "X-Request-Id": components["headers"]["X-Request-Id"];
                /** @description What is left of the limits of this client (draft-ietf-httpapi-ratelimit-headers). */
                RateLimit?: string;
                /** @description The limits (draft-ietf-httpapi-ratelimit-headers). */
                "RateLimit-Policy"?: string;
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["Error"] & {
                    /** @enum {unknown} */
                    code?: "provider_not_found";
                };
            };
        };
        /** @description The session has not proved recently enough who its user is. `methods` are the proofs that are accepted. */
        ReauthenticationRequired: {
            headers: {
                "Cache-Control": components["headers"]["Cache-Control"];
                "Content-Security-Policy": components["headers"]["Content-Security-Policy"];
                "Referrer-Policy": components["headers"]["Referrer-Policy"];
                "Strict-Transport-Security": components["headers"]["Strict-Transport-Security"];
                "X-Content-Type-Options": components["headers"]["X-Content-Type-Options"];
                "X-Request-Id": components["headers"]["X-Request-Id"];
                /** @description What is left of the limits of this client (draft-ietf-httpapi-ratelimit-headers). */
                RateLimit?: string;
                /** @description The limits (draft-ietf-httpapi-ratelimit-headers). */
                "RateLimit-Policy"?: string;
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["Error"] & {
                    /** @enum {unknown} */
                    code?: "reauthentication_required";
                };
            };
        };
        /** @description The caller has no session with this id. */
        SessionNotFound: {
            headers: {
                "Cache-Control": components["headers"]["Cache-Control"];
                "Content-Security-Policy": components["headers"]["Content-Security-Policy"];
                "Referrer-Policy": components["headers"]["Referrer-Policy"];
                "Strict-Transport-Security": components["headers"]["Strict-Transport-Security"];
                "X-Content-Type-Options": components["headers"]["X-Content-Type-Options"];
                "X-Request-Id": components["headers"]["X-Request-Id"];
                /** @description What is left of the limits of this client (draft-ietf-httpapi-ratelimit-headers). */
                RateLimit?: string;
                /** @description The limits (draft-ietf-httpapi-ratelimit-headers). */
                "RateLimit-Policy"?: string;
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["Error"] & {
                    /** @enum {unknown} */
                    code?: "session_not_found";
                };
            };
        };
        /** @description The stored version is not one that the caller is willing to replace: the caller has to read it again. */
        Stale: {
            headers: {
                "Cache-Control": components["headers"]["Cache-Control"];
                "Content-Security-Policy": components["headers"]["Content-Security-Policy"];
                "Referrer-Policy": components["headers"]["Referrer-Policy"];
                "Strict-Transport-Security": components["headers"]["Strict-Transport-Security"];
                "X-Content-Type-Options": components["headers"]["X-Content-Type-Options"];
                "X-Request-Id": components["headers"]["X-Request-Id"];
                /** @description What is left of the limits of this client (draft-ietf-httpapi-ratelimit-headers). */
                RateLimit?: string;
                /** @description The limits (draft-ietf-httpapi-ratelimit-headers). */
                "RateLimit-Policy"?: string;
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["Error"] & {
                    /** @enum {unknown} */
                    code?: "stale";
                };
            };
        };
        /** @description The account has as many factors of this type as it may have. */
        TooManyFactors: {
            headers: {
                "Cache-Control": components["headers"]["Cache-Control"];
                "Content-Security-Policy": components["headers"]["Content-Security-Policy"];
                "Referrer-Policy": components["headers"]["Referrer-Policy"];
                "Strict-Transport-Security": components["headers"]["Strict-Transport-Security"];
                "X-Content-Type-Options": components["headers"]["X-Content-Type-Options"];
                "X-Request-Id": components["headers"]["X-Request-Id"];
                /** @description What is left of the limits of this client (draft-ietf-httpapi-ratelimit-headers). */
                RateLimit?: string;
                /** @description The limits (draft-ietf-httpapi-ratelimit-headers). */
                "RateLimit-Policy"?: string;
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["Error"] & {
                    /** @enum {unknown} */
                    code?: "too_many_factors";
                };
            };
        };
        /** @description A rate limit is exceeded. Requests are accepted again in `retry_after` seconds. */
        TooManyRequests: {
            headers: {
                "Cache-Control": components["headers"]["Cache-Control"];
                "Content-Security-Policy": components["headers"]["Content-Security-Policy"];
                "Referrer-Policy": components["headers"]["Referrer-Policy"];
                "Strict-Transport-Security": components["headers"]["Strict-Transport-Security"];
                "X-Content-Type-Options": components["headers"]["X-Content-Type-Options"];
                "X-Request-Id": components["headers"]["X-Request-Id"];
                /** @description What is left of the limits of this client (draft-ietf-httpapi-ratelimit-headers). */
                RateLimit?: string;
                /** @description The limits (draft-ietf-httpapi-ratelimit-headers). */
                "RateLimit-Policy"?: string;
                "Retry-After": components["headers"]["Retry-After"];
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["Error"] & {
                    /** @enum {unknown} */
                    code?: "too_many_requests";
                };
            };
        };
        /** @description A temporary failure, such as AWS throttling or being unreachable. Retry in `retry_after` seconds. */
        Unavailable: {
            headers: {
                "Cache-Control": components["headers"]["Cache-Control"];
                "Content-Security-Policy": components["headers"]["Content-Security-Policy"];
                "Referrer-Policy": components["headers"]["Referrer-Policy"];
                "Strict-Transport-Security": components["headers"]["Strict-Transport-Security"];
                "X-Content-Type-Options": components["headers"]["X-Content-Type-Options"];
                "X-Request-Id": components["headers"]["X-Request-Id"];
                /** @description What is left of the limits of this client (draft-ietf-httpapi-ratelimit-headers). */
                RateLimit?: string;
                /** @description The limits (draft-ietf-httpapi-ratelimit-headers). */
                "RateLimit-Policy"?: string;
                "Retry-After": components["headers"]["Retry-After"];
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["Error"] & {
                    /** @enum {unknown} */
                    code?: "unavailable";
                };
            };
        };
        /** @description The path does not accept the body's media type, or the body is compressed. */
        UnsupportedMediaType: {
            headers: {
                "Cache-Control": components["headers"]["Cache-Control"];
                "Content-Security-Policy": components["headers"]["Content-Security-Policy"];
                "Referrer-Policy": components["headers"]["Referrer-Policy"];
                "Strict-Transport-Security": components["headers"]["Strict-Transport-Security"];
                "X-Content-Type-Options": components["headers"]["X-Content-Type-Options"];
                "X-Request-Id": components["headers"]["X-Request-Id"];
                /** @description What is left of the limits of this client (draft-ietf-httpapi-ratelimit-headers). */
                RateLimit?: string;
                /** @description The limits (draft-ietf-httpapi-ratelimit-headers). */
                "RateLimit-Policy"?: string;
                /** @description Sent if the body was compressed. */
                "Accept-Encoding"?: "identity";
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["Error"] & {
                    /** @enum {unknown} */
                    code?: "unsupported_media_type";
                };
            };
        };
        /** @description No user has this id. */
        UserNotFound: {
            headers: {
                "Cache-Control": components["headers"]["Cache-Control"];
                "Content-Security-Policy": components["headers"]["Content-Security-Policy"];
                "Referrer-Policy": components["headers"]["Referrer-Policy"];
                "Strict-Transport-Security": components["headers"]["Strict-Transport-Security"];
                "X-Content-Type-Options": components["headers"]["X-Content-Type-Options"];
                "X-Request-Id": components["headers"]["X-Request-Id"];
                /** @description What is left of the limits of this client (draft-ietf-httpapi-ratelimit-headers). */
                RateLimit?: string;
                /** @description The limits (draft-ietf-httpapi-ratelimit-headers). */
                "RateLimit-Policy"?: string;
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["Error"] & {
                    /** @enum {unknown} */
                    code?: "user_not_found";
                };
            };
        };
        /** @description One or more fields are invalid. */
        ValidationFailed: {
            headers: {
                "Cache-Control": components["headers"]["Cache-Control"];
                "Content-Security-Policy": components["headers"]["Content-Security-Policy"];
                "Referrer-Policy": components["headers"]["Referrer-Policy"];
                "Strict-Transport-Security": components["headers"]["Strict-Transport-Security"];
                "X-Content-Type-Options": components["headers"]["X-Content-Type-Options"];
                "X-Request-Id": components["headers"]["X-Request-Id"];
                /** @description What is left of the limits of this client (draft-ietf-httpapi-ratelimit-headers). */
                RateLimit?: string;
                /** @description The limits (draft-ietf-httpapi-ratelimit-headers). */
                "RateLimit-Policy"?: string;
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["Error"] & {
                    /** @enum {unknown} */
                    code?: "validation_failed";
                };
            };
        };
    };
    parameters: never;
    requestBodies: never;
    headers: {
        /** @description Whether the response may be stored. */
        "Cache-Control": string;
        "Content-Security-Policy": string;
        "Referrer-Policy": "no-referrer";
        "Strict-Transport-Security": string;
        "X-Content-Type-Options": "nosniff";
        /** @description The id of the request in the API's logs. */
        "X-Request-Id": string;
        /** @description Sent if the body was compressed. */
        "Accept-Encoding": "identity";
        /** @description The verbs of the path. */
        Allow: string;
        /** @description The version, to send as `If-Match` or `If-None-Match`. */
        ETag: string;
        /** @description The next page: `<path>; rel="next"`. Missing on the last page. */
        Link: string;
        /** @description Where it is. */
        Location: string;
        /** @description What is left of the limits of this client (draft-ietf-httpapi-ratelimit-headers). */
        RateLimit: string;
        /** @description The limits (draft-ietf-httpapi-ratelimit-headers). */
        "RateLimit-Policy": string;
        /** @description When to try again, in seconds. */
        "Retry-After": string;
        /** @description With `error="invalid_token"` if a token was sent (RFC 6750). */
        "WWW-Authenticate": "Bearer" | "Bearer error=\"invalid_token\"";
    };
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    jwks: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    "Cache-Control": components["headers"]["Cache-Control"];
                    "Content-Security-Policy": components["headers"]["Content-Security-Policy"];
                    "Referrer-Policy": components["headers"]["Referrer-Policy"];
                    "Strict-Transport-Security": components["headers"]["Strict-Transport-Security"];
                    "X-Content-Type-Options": components["headers"]["X-Content-Type-Options"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "keys": [
                     *         {
                     *           "kty": "EC",
                     *           "crv": "P-256",
                     *           "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
                     *           "y": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
                     *           "kid": "3f0c2c8a-7a4e-4f0e-9d5b-1f6f0f2f9a11",
                     *           "use": "sig",
                     *           "alg": "ES256"
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["Jwks"];
                };
            };
            405: components["responses"]["MethodNotAllowed"];
            500: components["responses"]["InternalError"];
            503: components["responses"]["Unavailable"];
        };
    };
    openidConfiguration: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    "Cache-Control": components["headers"]["Cache-Control"];
                    "Content-Security-Policy": components["headers"]["Content-Security-Policy"];
                    "Referrer-Policy": components["headers"]["Referrer-Policy"];
                    "Strict-Transport-Security": components["headers"]["Strict-Transport-Security"];
                    "X-Content-Type-Options": components["headers"]["X-Content-Type-Options"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "issuer": "https://api.example.com",
                     *       "jwks_uri": "https://api.example.com/.well-known/jwks.json",
                     *       "response_types_supported": [
                     *         "text"
                     *       ],
                     *       "subject_types_supported": [
                     *         "public"
                     *       ],
                     *       "id_token_signing_alg_values_supported": [
                     *         "ES256"
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["OpenidConfiguration"];
                };
            };
            404: components["responses"]["NoIssuer"];
            405: components["responses"]["MethodNotAllowed"];
            500: components["responses"]["InternalError"];
            503: components["responses"]["Unavailable"];
        };
    };
    listActivity: {
        parameters: {
            query?: {
                limit?: number;
                cursor?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    "Cache-Control": components["headers"]["Cache-Control"];
                    "Content-Security-Policy": components["headers"]["Content-Security-Policy"];
                    "Referrer-Policy": components["headers"]["Referrer-Policy"];
                    "Strict-Transport-Security": components["headers"]["Strict-Transport-Security"];
                    "X-Content-Type-Options": components["headers"]["X-Content-Type-Options"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    /** @description The next page: `<path>; rel="next"`. Missing on the last page. */
                    Link?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "success": true,
                     *       "data": [
                     *         {
                     *           "at": "2026-08-04T12:00:00.000Z",
                     *           "event": "user_confirmation_requested",
                     *           "outcome": "success",
                     *           "ip": "203.0.113.10",
                     *           "userAgent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Firefox/140.0",
                     *           "by": "self",
                     *           "changes": [
                     *             {
                     *               "field": "role",
                     *               "from": "text",
                     *               "to": "text"
                     *             }
                     *           ]
                     *         }
                     *       ],
                     *       "nextCursor": null
                     *     }
                     */
                    "application/json": {
                        /** @constant */
                        success: true;
                        data: components["schemas"]["PublicEntry"][];
                        /** @description For the next page; null on the last one. */
                        nextCursor: string | null;
                    };
                };
            };
            /** @description One or more fields are invalid. The cursor was not issued by us, or not for this caller's session. */
            400: {
                headers: {
                    "Cache-Control": components["headers"]["Cache-Control"];
                    "Content-Security-Policy": components["headers"]["Content-Security-Policy"];
                    "Referrer-Policy": components["headers"]["Referrer-Policy"];
                    "Strict-Transport-Security": components["headers"]["Strict-Transport-Security"];
                    "X-Content-Type-Options": components["headers"]["X-Content-Type-Options"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    /** @description What is left of the limits of this client (draft-ietf-httpapi-ratelimit-headers). */
                    RateLimit?: string;
                    /** @description The limits (draft-ietf-httpapi-ratelimit-headers). */
                    "RateLimit-Policy"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"] & {
                        /** @enum {unknown} */
                        code?: "validation_failed" | "invalid_cursor";
                    };
                };
            };
            401: components["responses"]["NotSignedIn"];
            405: components["responses"]["MethodNotAllowed"];
            500: components["responses"]["InternalError"];
            503: components["responses"]["Unavailable"];
        };
    };
    changeEmail: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * @description The new address, and the password, which a fresh session may leave out.
         *
         *     A session must be fresh if the account has a factor.
         */
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "newEmail": "ada.new@example.com",
                 *       "password": "correct horse battery"
                 *     }
                 */
                "application/json": components["schemas"]["NewAddress"];
            };
        };
        responses: {
            /** @description Accepted */
            202: {
                headers: {
                    "Cache-Control": components["headers"]["Cache-Control"];
                    "Content-Security-Policy": components["headers"]["Content-Security-Policy"];
                    "Referrer-Policy": components["headers"]["Referrer-Policy"];
                    "Strict-Transport-Security": components["headers"]["Strict-Transport-Security"];
                    "X-Content-Type-Options": components["headers"]["X-Content-Type-Options"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "success": true,
                     *       "message": "Your address is confirmed."
                     *     }
                     */
                    "application/json": {
                        /** @constant */
                        success: true;
                    } & components["schemas"]["Message-Output"];
                };
            };
            400: components["responses"]["ValidationFailed"];
            /** @description The request has no bearer token. The token was not issued by us, or not as an access token for this API. The token is genuine but has expired. The token is valid, but its session was signed out, was revoked, or has expired. Unknown address, wrong password, or locked or disabled account. Callers never learn which. */
            401: {
                headers: {
                    "Cache-Control": components["headers"]["Cache-Control"];
                    "Content-Security-Policy": components["headers"]["Content-Security-Policy"];
                    "Referrer-Policy": components["headers"]["Referrer-Policy"];
                    "Strict-Transport-Security": components["headers"]["Strict-Transport-Security"];
                    "X-Content-Type-Options": components["headers"]["X-Content-Type-Options"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    /** @description What is left of the limits of this client (draft-ietf-httpapi-ratelimit-headers). */
                    RateLimit?: string;
                    /** @description The limits (draft-ietf-httpapi-ratelimit-headers). */
                    "RateLimit-Policy"?: string;
                    "WWW-Authenticate": components["headers"]["WWW-Authenticate"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"] & {
                        /** @enum {unknown} */
                        code?: "no_token" | "invalid_token" | "token_expired" | "session_ended" | "invalid_credentials";
                    };
                };
            };
            /** @description The session has not proved recently enough who its user is. `methods` are the proofs that are accepted. No account may have an address of this domain, unless an administrator invites it. */
            403: {
                headers: {
                    "Cache-Control": components["headers"]["Cache-Control"];
                    "Content-Security-Policy": components["headers"]["Content-Security-Policy"];
                    "Referrer-Policy": components["headers"]["Referrer-Policy"];
                    "Strict-Transport-Security": components["headers"]["Strict-Transport-Security"];
                    "X-Content-Type-Options": components["headers"]["X-Content-Type-Options"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    /** @description What is left of the limits of this client (draft-ietf-httpapi-ratelimit-headers). */
                    RateLimit?: string;
                    /** @description The limits (draft-ietf-httpapi-ratelimit-headers). */
                    "RateLimit-Policy"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"] & {
                        /** @enum {unknown} */
                        code?: "reauthentication_required" | "domain_not_allowed";
                    };
                };
            };
            405: components["responses"]["MethodNotAllowed"];
            413: components["responses"]["BodyTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            429: components["responses"]["TooManyRequests"];
            500: components["responses"]["InternalError"];
            503: components["responses"]["Unavailable"];
        };
    };
    changePassword: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** @description The current and the new password. An account without a password has no current one, and must be fresh. */
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "currentPassword": "correct horse battery",
                 *       "newPassword": "a rather different sentence"
                 *     }
                 */
                "application/json": components["schemas"]["Passwords"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    "Cache-Control": components["headers"]["Cache-Control"];
                    "Content-Security-Policy": components["headers"]["Content-Security-Policy"];
                    "Referrer-Policy": components["headers"]["Referrer-Policy"];
                    "Strict-Transport-Security": components["headers"]["Strict-Transport-Security"];
                    "X-Content-Type-Options": components["headers"]["X-Content-Type-Options"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "token": "eyJhbGciOiJFUzI1NiIsInR5cCI6ImF0K2p3dCIsImtpZCI6Ij…",
                     *       "tokenType": "Bearer",
                     *       "expiresIn": 3600,
                     *       "refreshToken": "1Yp0mZxqQkq0dQf7yJ3tUw6bW8nS2aRzLc4eVh5gKiM",
                     *       "device": "1Yp0mZxqQkq0dQf7yJ3tUw6bW8nS2aRzLc4eVh5gKiM",
                     *       "user": {
                     *         "id": "0b7c5a3e-5f0e-4c57-9a31-6f2f0f1c9d42",
                     *         "email": "ada@example.com",
                     *         "name": "Ada Lovelace",
                     *         "role": "user"
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["Tokens"];
                };
            };
            400: components["responses"]["ValidationFailed"];
            /** @description The request has no bearer token. The token was not issued by us, or not as an access token for this API. The token is genuine but has expired. The token is valid, but its session was signed out, was revoked, or has expired. Unknown address, wrong password, or locked or disabled account. Callers never learn which. */
            401: {
                headers: {
                    "Cache-Control": components["headers"]["Cache-Control"];
                    "Content-Security-Policy": components["headers"]["Content-Security-Policy"];
                    "Referrer-Policy": components["headers"]["Referrer-Policy"];
                    "Strict-Transport-Security": components["headers"]["Strict-Transport-Security"];
                    "X-Content-Type-Options": components["headers"]["X-Content-Type-Options"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    /** @description What is left of the limits of this client (draft-ietf-httpapi-ratelimit-headers). */
                    RateLimit?: string;
                    /** @description The limits (draft-ietf-httpapi-ratelimit-headers). */
                    "RateLimit-Policy"?: string;
                    "WWW-Authenticate": components["headers"]["WWW-Authenticate"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"] & {
                        /** @enum {unknown} */
                        code?: "no_token" | "invalid_token" | "token_expired" | "session_ended" | "invalid_credentials";
                    };
                };
            };
            403: components["responses"]["ReauthenticationRequired"];
            405: components["responses"]["MethodNotAllowed"];
            413: components["responses"]["BodyTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            500: components["responses"]["InternalError"];
            503: components["responses"]["Unavailable"];
        };
    };
    exportAccount: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    "Cache-Control": components["headers"]["Cache-Control"];
                    "Content-Security-Policy": components["headers"]["Content-Security-Policy"];
                    "Referrer-Policy": components["headers"]["Referrer-Policy"];
                    "Strict-Transport-Security": components["headers"]["Strict-Transport-Security"];
                    "X-Content-Type-Options": components["headers"]["X-Content-Type-Options"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "success": true,
                     *       "data": {
                     *         "user": {
                     *           "id": "0b7c5a3e-5f0e-4c57-9a31-6f2f0f1c9d42",
                     *           "name": "Ada Lovelace",
                     *           "email": "ada@example.com",
                     *           "role": "user",
                     *           "status": "active",
                     *           "emailVerified": true,
                     *           "emailStatus": "ok",
                     *           "createdAt": "2026-08-04T12:00:00.000Z",
                     *           "updatedAt": "2026-08-04T12:00:00.000Z"
                     *         },
                     *         "sessions": [
                     *           {
                     *             "id": "0b7c5a3e-5f0e-4c57-9a31-6f2f0f1c9d42",
                     *             "createdAt": "2026-08-04T12:00:00.000Z",
                     *             "lastUsedAt": "2026-08-04T12:00:00.000Z",
                     *             "expiresAt": "2026-08-04T12:00:00.000Z",
                     *             "ip": "203.0.113.10",
                     *             "userAgent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Firefox/140.0",
                     *             "amr": [
                     *               "pwd",
                     *               "otp",
                     *               "mfa"
                     *             ],
                     *             "aal": 1,
                     *             "current": true
                     *           }
                     *         ],
                     *         "factors": [
                     *           {
                     *             "id": "0b7c5a3e-5f0e-4c57-9a31-6f2f0f1c9d42",
                     *             "type": "totp",
                     *             "name": "My phone",
                     *             "createdAt": "2026-08-04T12:00:00.000Z",
                     *             "lastUsedAt": "2026-08-04T12:00:00.000Z",
                     *             "synced": true
                     *           }
                     *         ],
                     *         "identities": [
                     *           {
                     *             "id": "9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f",
                     *             "provider": "google",
                     *             "email": "ada@example.com",
                     *             "createdAt": "2026-08-04T12:00:00.000Z",
                     *             "lastUsedAt": "2026-08-04T12:00:00.000Z"
                     *           }
                     *         ],
                     *         "activity": [
                     *           {
                     *             "at": "2026-08-04T12:00:00.000Z",
                     *             "event": "user_confirmation_requested",
                     *             "outcome": "success",
                     *             "ip": "203.0.113.10",
                     *             "userAgent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Firefox/140.0",
                     *             "by": "self",
                     *             "changes": [
                     *               {
                     *                 "field": "role",
                     *                 "from": "text",
                     *                 "to": "text"
                     *               }
                     *             ]
                     *           }
                     *         ],
                     *         "resources": {}
                     *       }
                     *     }
                     */
                    "application/json": {
                        /** @constant */
                        success: true;
                        data: components["schemas"]["AccountExport"];
                    };
                };
            };
            /** @description See Other */
            303: {
                headers: {
                    "Cache-Control": components["headers"]["Cache-Control"];
                    "Content-Security-Policy": components["headers"]["Content-Security-Policy"];
                    "Referrer-Policy": components["headers"]["Referrer-Policy"];
                    "Strict-Transport-Security": components["headers"]["Strict-Transport-Security"];
                    "X-Content-Type-Options": components["headers"]["X-Content-Type-Options"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    Location: components["headers"]["Location"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            401: components["responses"]["NotSignedIn"];
            403: components["responses"]["ReauthenticationRequired"];
            405: components["responses"]["MethodNotAllowed"];
            429: components["responses"]["TooManyRequests"];
            500: components["responses"]["InternalError"];
            503: components["responses"]["Unavailable"];
        };
    };
    listFactors: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    "Cache-Control": components["headers"]["Cache-Control"];
                    "Content-Security-Policy": components["headers"]["Content-Security-Policy"];
                    "Referrer-Policy": components["headers"]["Referrer-Policy"];
                    "Strict-Transport-Security": components["headers"]["Strict-Transport-Security"];
                    "X-Content-Type-Options": components["headers"]["X-Content-Type-Options"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "success": true,
                     *       "data": [
                     *         {
                     *           "id": "0b7c5a3e-5f0e-4c57-9a31-6f2f0f1c9d42",
                     *           "type": "totp",
                     *           "name": "My phone",
                     *           "createdAt": "2026-08-04T12:00:00.000Z",
                     *           "lastUsedAt": "2026-08-04T12:00:00.000Z",
                     *           "synced": true
                     *         }
                     *       ],
                     *       "recoveryCodes": 10
                     *     }
                     */
                    "application/json": {
                        /** @constant */
                        success: true;
                    } & components["schemas"]["FactorList"];
                };
            };
            401: components["responses"]["NotSignedIn"];
            405: components["responses"]["MethodNotAllowed"];
            500: components["responses"]["InternalError"];
            503: components["responses"]["Unavailable"];
        };
    };
    addFactor: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** @description The type of the factor, and a name by which its owner recognizes it. */
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "type": "totp",
                 *       "name": "My phone"
                 *     }
                 */
                "application/json": components["schemas"]["NewFactor"];
            };
        };
        responses: {
            /** @description Created */
            201: {
                headers: {
                    "Cache-Control": components["headers"]["Cache-Control"];
                    "Content-Security-Policy": components["headers"]["Content-Security-Policy"];
                    "Referrer-Policy": components["headers"]["Referrer-Policy"];
                    "Strict-Transport-Security": components["headers"]["Strict-Transport-Security"];
                    "X-Content-Type-Options": components["headers"]["X-Content-Type-Options"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    /** @description Where it is. */
                    Location?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "success": true,
                     *       "data": {
                     *         "id": "0b7c5a3e-5f0e-4c57-9a31-6f2f0f1c9d42",
                     *         "secret": "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP",
                     *         "uri": "otpauth://totp/Example:ada%40example.com?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
                     *       }
                     *     }
                     */
                    "application/json": {
                        /** @constant */
                        success: true;
                        data: components["schemas"]["NewApp"];
                    };
                };
            };
            400: components["responses"]["ValidationFailed"];
            401: components["responses"]["NotSignedIn"];
            403: components["responses"]["ReauthenticationRequired"];
            405: components["responses"]["MethodNotAllowed"];
            409: components["responses"]["TooManyFactors"];
            413: components["responses"]["BodyTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            500: components["responses"]["InternalError"];
            503: components["responses"]["Unavailable"];
        };
    };
    confirmFactor: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                factorId: string;
            };
            cookie?: never;
        };
        /** @description The code that the authenticator app shows. */
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "code": "123456"
                 *     }
                 */
                "application/json": components["schemas"]["FirstCode"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    "Cache-Control": components["headers"]["Cache-Control"];
                    "Content-Security-Policy": components["headers"]["Content-Security-Policy"];
                    "Referrer-Policy": components["headers"]["Referrer-Policy"];
                    "Strict-Transport-Security": components["headers"]["Strict-Transport-Security"];
                    "X-Content-Type-Options": components["headers"]["X-Content-Type-Options"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    /** @description What is left of the limits of this client (draft-ietf-httpapi-ratelimit-headers). */
                    RateLimit?: string;
                    /** @description The limits (draft-ietf-httpapi-ratelimit-headers). */
                    "RateLimit-Policy"?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "success": true,
                     *       "data": {
                     *         "recoveryCodes": [
                     *           "MZXW-6YTB-OI4G-K5DT"
                     *         ]
                     *       }
                     *     }
                     */
                    "application/json": {
                        /** @constant */
                        success: true;
                        data: components["schemas"]["Confirmed"];
                    };
                };
            };
            400: components["responses"]["ValidationFailed"];
            /** @description The request has no bearer token. The token was not issued by us, or not as an access token for this API. The token is genuine but has expired. The token is valid, but its session was signed out, was revoked, or has expired. Unknown address, wrong password, or locked or disabled account. Callers never learn which. */
            401: {
                headers: {
                    "Cache-Control": components["headers"]["Cache-Control"];
                    "Content-Security-Policy": components["headers"]["Content-Security-Policy"];
                    "Referrer-Policy": components["headers"]["Referrer-Policy"];
                    "Strict-Transport-Security": components["headers"]["Strict-Transport-Security"];
                    "X-Content-Type-Options": components["headers"]["X-Content-Type-Options"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    /** @description What is left of the limits of this client (draft-ietf-httpapi-ratelimit-headers). */
                    RateLimit?: string;
                    /** @description The limits (draft-ietf-httpapi-ratelimit-headers). */
                    "RateLimit-Policy"?: string;
                    "WWW-Authenticate": components["headers"]["WWW-Authenticate"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"] & {
                        /** @enum {unknown} */
                        code?: "no_token" | "invalid_token" | "token_expired" | "session_ended" | "invalid_credentials";
                    };
                };
            };
            403: components["responses"]["ReauthenticationRequired"];
            404: components["responses"]["FactorNotFound"];
            405: components["responses"]["MethodNotAllowed"];
            /** @description The factor was confirmed before. The account has as many factors of this type as it may have. */
            409: {
                headers: {
                    "Cache-Control": components["headers"]["Cache-Control"];
                    "Content-Security-Policy": components["headers"]["Content-Security-Policy"];
                    "Referrer-Policy": components["headers"]["Referrer-Policy"];
                    "Strict-Transport-Security": components["headers"]["Strict-Transport-Security"];
                    "X-Content-Type-Options": components["headers"]["X-Content-Type-Options"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    /** @description What is left of the limits of this client (draft-ietf-httpapi-ratelimit-headers). */
                    RateLimit?: string;
                    /** @description The limits (draft-ietf-httpapi-ratelimit-headers). */
                    "RateLimit-Policy"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"] & {
                        /** @enum {unknown} */
                        code?: "factor_confirmed" | "too_many_factors";
                    };
                };
            };
            413: components["responses"]["BodyTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            429: components["responses"]["TooManyRequests"];
            500: components["responses"]["InternalError"];
            503: components["responses"]["Unavailable"];
        };
    };
    removeFactor: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                factorId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description No Content */
            204: {
                headers: {
                    "Cache-Control": components["headers"]["Cache-Control"];
                    "Content-Security-Policy": components["headers"]["Content-Security-Policy"];
                    "Referrer-Policy": components["headers"]["Referrer-Policy"];
                    "Strict-Transport-Security": components["headers"]["Strict-Transport-Security"];
                    "X-Content-Type-Options": components["headers"]["X-Content-Type-Options"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            401: components["responses"]["NotSignedIn"];
            403: components["responses"]["ReauthenticationRequired"];
            404: components["responses"]["FactorNotFound"];
            405: components["responses"]["MethodNotAllowed"];
            409: components["responses"]["LastWayIn"];
            429: components["responses"]["TooManyRequests"];
            500: components["responses"]["InternalError"];
            503: components["responses"]["Unavailable"];
        };
    };
    renameFactor: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                factorId: string;
            };
            cookie?: never;
        };
        /** @description Another name. */
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "name": "My old phone"
                 *     }
                 */
                "application/json": components["schemas"]["Renamed"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    "Cache-Control": components["headers"]["Cache-Control"];
                    "Content-Security-Policy": components["headers"]["Content-Security-Policy"];
                    "Referrer-Policy": components["headers"]["Referrer-Policy"];
                    "Strict-Transport-Security": components["headers"]["Strict-Transport-Security"];
                    "X-Content-Type-Options": components["headers"]["X-Content-Type-Options"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "success": true,
                     *       "data": {
                     *         "id": "0b7c5a3e-5f0e-4c57-9a31-6f2f0f1c9d42",
                     *         "type": "totp",
                     *         "name": "My phone",
                     *         "createdAt": "2026-08-04T12:00:00.000Z",
                     *         "lastUsedAt": "2026-08-04T12:00:00.000Z",
                     *         "synced": true
                     *       }
                     *     }
                     */
                    "application/json": {
                        /** @constant */
                        success: true;
                        data: components["schemas"]["PublicFactor"];
                    };
                };
            };
            400: components["responses"]["ValidationFailed"];
            401: components["responses"]["NotSignedIn"];
            403: components["responses"]["ReauthenticationRequired"];
            404: components["responses"]["FactorNotFound"];
            405: components["responses"]["MethodNotAllowed"];
            413: components["responses"]["BodyTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            500: components["responses"]["InternalError"];
            503: components["responses"]["Unavailable"];
        };
    };
    forgotPassword: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** @description The address to send the link to. */
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "email": "ada@example.com"
                 *     }
                 */
                "application/json": components["schemas"]["ForgottenPassword"];
            };
        };
        responses: {
            /** @description Accepted */
            202: {
                headers: {
                    "Cache-Control": components["headers"]["Cache-Control"];
                    "Content-Security-Policy": components["headers"]["Content-Security-Policy"];
                    "Referrer-Policy": components["headers"]["Referrer-Policy"];
                    "Strict-Transport-Security": components["headers"]["Strict-Transport-Security"];
                    "X-Content-Type-Options": components["headers"]["X-Content-Type-Options"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    /** @description What is left of the limits of this client (draft-ietf-httpapi-ratelimit-headers). */
                    RateLimit?: string;
                    /** @description The limits (draft-ietf-httpapi-ratelimit-headers). */
                    "RateLimit-Policy"?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "success": true,
                     *       "message": "Your address is confirmed."
                     *     }
                     */
                    "application/json": {
                        /** @constant */
                        success: true;
                    } & components["schemas"]["Message-Output"];
                };
            };
            400: components["responses"]["ValidationFailed"];
            405: components["responses"]["MethodNotAllowed"];
            413: components["responses"]["BodyTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            429: components["responses"]["TooManyRequests"];
            500: components["responses"]["InternalError"];
            503: components["responses"]["Unavailable"];
        };
    };
    listIdentities: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    "Cache-Control": components["headers"]["Cache-Control"];
                    "Content-Security-Policy": components["headers"]["Content-Security-Policy"];
                    "Referrer-Policy": components["headers"]["Referrer-Policy"];
                    "Strict-Transport-Security": components["headers"]["Strict-Transport-Security"];
                    "X-Content-Type-Options": components["headers"]["X-Content-Type-Options"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "success": true,
                     *       "data": [
                     *         {
                     *           "id": "9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f",
                     *           "provider": "google",
                     *           "email": "ada@example.com",
                     *           "createdAt": "2026-08-04T12:00:00.000Z",
                     *           "lastUsedAt": "2026-08-04T12:00:00.000Z"
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": {
                        /** @constant */
                        success: true;
                        data: components["schemas"]["PublicIdentity"][];
                    };
                };
            };
            401: components["responses"]["NotSignedIn"];
            405: components["responses"]["MethodNotAllowed"];
            500: components["responses"]["InternalError"];
            503: components["responses"]["Unavailable"];
        };
    };
    beginLink: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** @description The provider, and what the front end needs when the browser returns, as at /api/auth/oauth/{provider}. */
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "provider": "google",
                 *       "next": "/account",
                 *       "codeChallenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
                 *     }
                 */
                "application/json": components["schemas"]["Link"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    "Cache-Control": components["headers"]["Cache-Control"];
                    "Content-Security-Policy": components["headers"]["Content-Security-Policy"];
                    "Referrer-Policy": components["headers"]["Referrer-Policy"];
                    "Strict-Transport-Security": components["headers"]["Strict-Transport-Security"];
                    "X-Content-Type-Options": components["headers"]["X-Content-Type-Options"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    /** @description What is left of the limits of this client (draft-ietf-httpapi-ratelimit-headers). */
                    RateLimit?: string;
                    /** @description The limits (draft-ietf-httpapi-ratelimit-headers). */
                    "RateLimit-Policy"?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "url": "https://accounts.google.com/o/oauth2/v2/auth?state=1Yp0mZ"
                     *     }
                     */
                    "application/json": components["schemas"]["Departure"];
                };
            };
            400: components["responses"]["ValidationFailed"];
            401: components["responses"]["NotSignedIn"];
            403: components["responses"]["ReauthenticationRequired"];
            /** @description No provider of this name is configured. The parameter TokenIssuer is not a URL, so this API does not know its own address. */
            404: {
                headers: {
                    "Cache-Control": components["headers"]["Cache-Control"];
                    "Content-Security-Policy": components["headers"]["Content-Security-Policy"];
                    "Referrer-Policy": components["headers"]["Referrer-Policy"];
                    "Strict-Transport-Security": components["headers"]["Strict-Transport-Security"];
                    "X-Content-Type-Options": components["headers"]["X-Content-Type-Options"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    /** @description What is left of the limits of this client (draft-ietf-httpapi-ratelimit-headers). */
                    RateLimit?: string;
                    /** @description The limits (draft-ietf-httpapi-ratelimit-headers). */
                    "RateLimit-Policy"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"] & {
                        /** @enum {unknown} */
                        code?: "provider_not_found" | "no_issuer";
                    };
                };
            };
            405: components["responses"]["MethodNotAllowed"];
            413: components["responses"]["BodyTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            429: components["responses"]["TooManyRequests"];
            500: components["responses"]["InternalError"];
            503: components["responses"]["Unavailable"];
        };
    };
    unlinkIdentity: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                identityId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description No Content */
            204: {
                headers: {
                    "Cache-Control": components["headers"]["Cache-Control"];
                    "Content-Security-Policy": components["headers"]["Content-Security-Policy"];
                    "Referrer-Policy": components["headers"]["Referrer-Policy"];
                    "Strict-Transport-Security": components["headers"]["Strict-Transport-Security"];
                    "X-Content-Type-Options": components["headers"]["X-Content-Type-Options"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            401: components["responses"]["NotSignedIn"];
            403: components["responses"]["ReauthenticationRequired"];
            404: components["responses"]["IdentityNotFound"];
            405: components["responses"]["MethodNotAllowed"];
            409: components["responses"]["LastWayIn"];
            429: components["responses"]["TooManyRequests"];
            500: components["responses"]["InternalError"];
            503: components["responses"]["Unavailable"];
        };
    };
    login: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** @description Email and password to check, and the `device` of the latest sign-in with this client. */
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "email": "admin@example.com",
                 *       "password": "correct horse battery"
                 *     }
                 */
                "application/json": components["schemas"]["EmailAndPassword"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    "Cache-Control": components["headers"]["Cache-Control"];
                    "Content-Security-Policy": components["headers"]["Content-Security-Policy"];
                    "Referrer-Policy": components["headers"]["Referrer-Policy"];
                    "Strict-Transport-Security": components["headers"]["Strict-Transport-Security"];
                    "X-Content-Type-Options": components["headers"]["X-Content-Type-Options"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    /** @description What is left of the limits of this client (draft-ietf-httpapi-ratelimit-headers). */
                    RateLimit?: string;
                    /** @description The limits (draft-ietf-httpapi-ratelimit-headers). */
                    "RateLimit-Policy"?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "token": "eyJhbGciOiJFUzI1NiIsInR5cCI6ImF0K2p3dCIsImtpZCI6Ij…",
                     *       "tokenType": "Bearer",
                     *       "expiresIn": 3600,
                     *       "refreshToken": "1Yp0mZxqQkq0dQf7yJ3tUw6bW8nS2aRzLc4eVh5gKiM",
                     *       "device": "1Yp0mZxqQkq0dQf7yJ3tUw6bW8nS2aRzLc4eVh5gKiM",
                     *       "user": {
                     *         "id": "0b7c5a3e-5f0e-4c57-9a31-6f2f0f1c9d42",
                     *         "email": "ada@example.com",
                     *         "name": "Ada Lovelace",
                     *         "role": "user"
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["Tokens"];
                };
            };
            400: components["responses"]["ValidationFailed"];
            401: components["responses"]["InvalidCredentials"];
            403: components["responses"]["MfaRequired"];
            405: components["responses"]["MethodNotAllowed"];
            413: components["responses"]["BodyTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            429: components["responses"]["TooManyRequests"];
            500: components["responses"]["InternalError"];
            503: components["responses"]["Unavailable"];
        };
    };
    requestSignIn: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * @description The address, whether the link is bound to this client, and the name of a new account.
         *
         *     A `bound` link signs in only together with `request`. Without a `name`, a new account gets the part of its address
         *     before the @. Accounts open only if the parameter `EmailSignUp` is on and the sign-up policy allows the address.
         */
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "email": "ada@example.com",
                 *       "bound": false
                 *     }
                 */
                "application/json": components["schemas"]["SignInByEmail"];
            };
        };
        responses: {
            /** @description Accepted */
            202: {
                headers: {
                    "Cache-Control": components["headers"]["Cache-Control"];
                    "Content-Security-Policy": components["headers"]["Content-Security-Policy"];
                    "Referrer-Policy": components["headers"]["Referrer-Policy"];
                    "Strict-Transport-Security": components["headers"]["Strict-Transport-Security"];
                    "X-Content-Type-Options": components["headers"]["X-Content-Type-Options"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    /** @description What is left of the limits of this client (draft-ietf-httpapi-ratelimit-headers). */
                    RateLimit?: string;
                    /** @description The limits (draft-ietf-httpapi-ratelimit-headers). */
                    "RateLimit-Policy"?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "success": true,
                     *       "message": "Your address is confirmed.",
                     *       "request": "1Yp0mZxqQkq0dQf7yJ3tUw6bW8nS2aRzLc4eVh5gKiM"
                     *     }
                     */
                    "application/json": {
                        /** @constant */
                        success: true;
                    } & components["schemas"]["SignInRequested"];
                };
            };
            400: components["responses"]["ValidationFailed"];
            405: components["responses"]["MethodNotAllowed"];
            413: components["responses"]["BodyTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            429: components["responses"]["TooManyRequests"];
            500: components["responses"]["InternalError"];
            503: components["responses"]["Unavailable"];
        };
    };
    verifySignIn: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** @description The link's token, and the secret of the request if the link is bound or opens an account; or request and code. */
        requestBody?: {
            content: {
                /**
                 * @example {
                 *       "request": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
                 *       "code": "000000"
                 *     }
                 */
                "application/json": components["schemas"]["MailboxProof"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    "Cache-Control": components["headers"]["Cache-Control"];
                    "Content-Security-Policy": components["headers"]["Content-Security-Policy"];
                    "Referrer-Policy": components["headers"]["Referrer-Policy"];
                    "Strict-Transport-Security": components["headers"]["Strict-Transport-Security"];
                    "X-Content-Type-Options": components["headers"]["X-Content-Type-Options"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    /** @description What is left of the limits of this client (draft-ietf-httpapi-ratelimit-headers). */
                    RateLimit?: string;
                    /** @description The limits (draft-ietf-httpapi-ratelimit-headers). */
                    "RateLimit-Policy"?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "token": "eyJhbGciOiJFUzI1NiIsInR5cCI6ImF0K2p3dCIsImtpZCI6Ij…",
                     *       "tokenType": "Bearer",
                     *       "expiresIn": 3600,
                     *       "refreshToken": "1Yp0mZxqQkq0dQf7yJ3tUw6bW8nS2aRzLc4eVh5gKiM",
                     *       "device": "1Yp0mZxqQkq0dQf7yJ3tUw6bW8nS2aRzLc4eVh5gKiM",
                     *       "user": {
                     *         "id": "0b7c5a3e-5f0e-4c57-9a31-6f2f0f1c9d42",
                     *         "email": "ada@example.com",
                     *         "name": "Ada Lovelace",
                     *         "role": "user"
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["Tokens"];
                };
            };
            /** @description One or more fields are invalid. The link or code is wrong, used, void or expired. Revealing which would help an attacker. The mailbox was proved, but not who registered. */
            400: {
                headers: {
                    "Cache-Control": components["headers"]["Cache-Control"];
                    "Content-Security-Policy": components["headers"]["Content-Security-Policy"];
                    "Referrer-Policy": components["headers"]["Referrer-Policy"];
                    "Strict-Transport-Security": components["headers"]["Strict-Transport-Security"];
                    "X-Content-Type-Options": components["headers"]["X-Content-Type-Options"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    /** @description What is left of the limits of this client (draft-ietf-httpapi-ratelimit-headers). */
                    RateLimit?: string;
                    /** @description The limits (draft-ietf-httpapi-ratelimit-headers). */
                    "RateLimit-Policy"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"] & {
                        /** @enum {unknown} */
                        code?: "validation_failed" | "invalid_link" | "registration_required";
                    };
                };
            };
            /** @description The first step of a sign-in is done, and the account has a factor: one of `methods` has to be proved. Accounts are opened by invitation only. No account may have an address of this domain, unless an administrator invites it. */
            403: {
                headers: {
                    "Cache-Control": components["headers"]["Cache-Control"];
                    "Content-Security-Policy": components["headers"]["Content-Security-Policy"];
                    "Referrer-Policy": components["headers"]["Referrer-Policy"];
                    "Strict-Transport-Security": components["headers"]["Strict-Transport-Security"];
                    "X-Content-Type-Options": components["headers"]["X-Content-Type-Options"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    /** @description What is left of the limits of this client (draft-ietf-httpapi-ratelimit-headers). */
                    RateLimit?: string;
                    /** @description The limits (draft-ietf-httpapi-ratelimit-headers). */
                    "RateLimit-Policy"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"] & {
                        /** @enum {unknown} */
                        code?: "mfa_required" | "sign_up_closed" | "domain_not_allowed";
                    };
                };
            };
            405: components["responses"]["MethodNotAllowed"];
            409: components["responses"]["EmailTaken"];
            413: components["responses"]["BodyTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            429: components["responses"]["TooManyRequests"];
            500: components["responses"]["InternalError"];
            503: components["responses"]["Unavailable"];
        };
    };
    loginWithPasskey: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** @description What `navigator.credentials.get()` has returned, as its `toJSON()` gives it. */
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "credential": {
                 *         "id": "8Yq1CwKHLw0bNn6IoCb1MgAvBvO5yVqPzXQmYtE3n0s",
                 *         "rawId": "8Yq1CwKHLw0bNn6IoCb1MgAvBvO5yVqPzXQmYtE3n0s",
                 *         "type": "public-key",
                 *         "response": {
                 *           "clientDataJSON": "eyJ0eXBlIjoid2ViYXV0aG4uZ2V0In0",
                 *           "authenticatorData": "omNmbXRkbm9uZWdhdHRTdG10oA",
                 *           "signature": "omNmbXRkbm9uZWdhdHRTdG10oA"
                 *         }
                 *       }
                 *     }
                 */
                "application/json": components["schemas"]["Assertion"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    "Cache-Control": components["headers"]["Cache-Control"];
                    "Content-Security-Policy": components["headers"]["Content-Security-Policy"];
                    "Referrer-Policy": components["headers"]["Referrer-Policy"];
                    "Strict-Transport-Security": components["headers"]["Strict-Transport-Security"];
                    "X-Content-Type-Options": components["headers"]["X-Content-Type-Options"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    /** @description What is left of the limits of this client (draft-ietf-httpapi-ratelimit-headers). */
                    RateLimit?: string;
                    /** @description The limits (draft-ietf-httpapi-ratelimit-headers). */
                    "RateLimit-Policy"?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "token": "eyJhbGciOiJFUzI1NiIsInR5cCI6ImF0K2p3dCIsImtpZCI6Ij…",
                     *       "tokenType": "Bearer",
                     *       "expiresIn": 3600,
                     *       "refreshToken": "1Yp0mZxqQkq0dQf7yJ3tUw6bW8nS2aRzLc4eVh5gKiM",
                     *       "device": "1Yp0mZxqQkq0dQf7yJ3tUw6bW8nS2aRzLc4eVh5gKiM",
                     *       "user": {
                     *         "id": "0b7c5a3e-5f0e-4c57-9a31-6f2f0f1c9d42",
                     *         "email": "ada@example.com",
                     *         "name": "Ada Lovelace",
                     *         "role": "user"
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["Tokens"];
                };
            };
            400: components["responses"]["ValidationFailed"];
            401: components["responses"]["InvalidCredentials"];
            405: components["responses"]["MethodNotAllowed"];
            413: components["responses"]["BodyTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            429: components["responses"]["TooManyRequests"];
            500: components["responses"]["InternalError"];
            503: components["responses"]["Unavailable"];
        };
    };
    requestOptions: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    "Cache-Control": components["headers"]["Cache-Control"];
                    "Content-Security-Policy": components["headers"]["Content-Security-Policy"];
                    "Referrer-Policy": components["headers"]["Referrer-Policy"];
                    "Strict-Transport-Security": components["headers"]["Strict-Transport-Security"];
                    "X-Content-Type-Options": components["headers"]["X-Content-Type-Options"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "challenge": "C3xaPl8OTFeaMW8vDxydQg",
                     *       "rpId": "example.com",
                     *       "allowCredentials": [
                     *         {
                     *           "type": "public-key",
                     *           "id": "C3xaPl8OTFeaMW8vDxydQg",
                     *           "transports": [
                     *             "text"
                     *           ]
                     *         }
                     *       ],
                     *       "timeout": 300000,
                     *       "userVerification": "required"
                     *     }
                     */
                    "application/json": components["schemas"]["RequestOptions"];
                };
            };
            405: components["responses"]["MethodNotAllowed"];
            500: components["responses"]["InternalError"];
            503: components["responses"]["Unavailable"];
        };
    };
    logout: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** @description The caller's sessions to end. */
        requestBody?: {
            content: {
                /**
                 * @example {
                 *       "scope": "local"
                 *     }
                 */
                "application/json": components["schemas"]["SignOut"];
            };
        };
        responses: {
            /** @description No Content */
            204: {
                headers: {
                    "Cache-Control": components["headers"]["Cache-Control"];
                    "Content-Security-Policy": components["headers"]["Content-Security-Policy"];
                    "Referrer-Policy": components["headers"]["Referrer-Policy"];
                    "Strict-Transport-Security": components["headers"]["Strict-Transport-Security"];
                    "X-Content-Type-Options": components["headers"]["X-Content-Type-Options"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["ValidationFailed"];
            401: components["responses"]["NotSignedIn"];
            405: components["responses"]["MethodNotAllowed"];
            413: components["responses"]["BodyTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            500: components["responses"]["InternalError"];
            503: components["responses"]["Unavailable"];
        };
    };
    readMe: {
        parameters: {
            query?: never;
            header?: {
                /** @description Only these versions: 412 if none is current. */
                "If-Match"?: string;
                /** @description The version that you have: 304 if it is still current. */
                "If-None-Match"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    "Cache-Control": components["headers"]["Cache-Control"];
                    "Content-Security-Policy": components["headers"]["Content-Security-Policy"];
                    "Referrer-Policy": components["headers"]["Referrer-Policy"];
                    "Strict-Transport-Security": components["headers"]["Strict-Transport-Security"];
                    "X-Content-Type-Options": components["headers"]["X-Content-Type-Options"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    ETag: components["headers"]["ETag"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "success": true,
                     *       "data": {
                     *         "user": {
                     *           "id": "0b7c5a3e-5f0e-4c57-9a31-6f2f0f1c9d42",
                     *           "name": "Ada Lovelace",
                     *           "email": "ada@example.com",
                     *           "role": "user",
                     *           "status": "active",
                     *           "emailVerified": true,
                     *           "emailStatus": "ok",
                     *           "createdAt": "2026-08-04T12:00:00.000Z",
                     *           "updatedAt": "2026-08-04T12:00:00.000Z"
                     *         },
                     *         "session": {
                     *           "id": "0b7c5a3e-5f0e-4c57-9a31-6f2f0f1c9d42",
                     *           "createdAt": "2026-08-04T12:00:00.000Z",
                     *           "lastUsedAt": "2026-08-04T12:00:00.000Z",
                     *           "expiresAt": "2026-08-04T12:00:00.000Z",
                     *           "ip": "203.0.113.10",
                     *           "userAgent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Firefox/140.0",
                     *           "amr": [
                     *             "pwd",
                     *             "otp",
                     *             "mfa"
                     *           ],
                     *           "aal": 1,
                     *           "current": true
                     *         }
                     *       }
                     *     }
                     */
                    "application/json": {
                        /** @constant */
                        success: true;
                        data: components["schemas"]["Me"];
                    };
                };
            };
            /** @description Not Modified */
            304: {
                headers: {
                    "Cache-Control": components["headers"]["Cache-Control"];
                    "Content-Security-Policy": components["headers"]["Content-Security-Policy"];
                    "Referrer-Policy": components["headers"]["Referrer-Policy"];
                    "Strict-Transport-Security": components["headers"]["Strict-Transport-Security"];
                    "X-Content-Type-Options": components["headers"]["X-Content-Type-Options"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    ETag: components["headers"]["ETag"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            401: components["responses"]["NotSignedIn"];
            405: components["responses"]["MethodNotAllowed"];
            412: components["responses"]["Stale"];
            500: components["responses"]["InternalError"];
            503: components["responses"]["Unavailable"];
        };
    };
    completeSignIn: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * @description The token of the first step, and one proof: the code of an authenticator app, a recovery code or a passkey.
         *
         *     `device` is that of the latest sign-in with this client. It is not needed if the first step had it.
         */
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "token": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
                 *       "code": "123456"
                 *     }
                 */
                "application/json": components["schemas"]["SecondStep-Input"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    "Cache-Control": components["headers"]["Cache-Control"];
                    "Content-Security-Policy": components["headers"]["Content-Security-Policy"];
                    "Referrer-Policy": components["headers"]["Referrer-Policy"];
                    "Strict-Transport-Security": components["headers"]["Strict-Transport-Security"];
                    "X-Content-Type-Options": components["headers"]["X-Content-Type-Options"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    /** @description What is left of the limits of this client (draft-ietf-httpapi-ratelimit-headers). */
                    RateLimit?: string;
                    /** @description The limits (draft-ietf-httpapi-ratelimit-headers). */
                    "RateLimit-Policy"?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "token": "eyJhbGciOiJFUzI1NiIsInR5cCI6ImF0K2p3dCIsImtpZCI6Ij…",
                     *       "tokenType": "Bearer",
                     *       "expiresIn": 3600,
                     *       "refreshToken": "1Yp0mZxqQkq0dQf7yJ3tUw6bW8nS2aRzLc4eVh5gKiM",
                     *       "device": "1Yp0mZxqQkq0dQf7yJ3tUw6bW8nS2aRzLc4eVh5gKiM",
                     *       "user": {
                     *         "id": "0b7c5a3e-5f0e-4c57-9a31-6f2f0f1c9d42",
                     *         "email": "ada@example.com",
                     *         "name": "Ada Lovelace",
                     *         "role": "user"
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["Tokens"];
                };
            };
            400: components["responses"]["ValidationFailed"];
            /** @description The token of the first step was not issued by us, or is used, void or expired. Unknown address, wrong password, or locked or disabled account. Callers never learn which. The code is correct, but was accepted before. It is not counted as a failure. */
            401: {
                headers: {
                    "Cache-Control": components["headers"]["Cache-Control"];
                    "Content-Security-Policy": components["headers"]["Content-Security-Policy"];
                    "Referrer-Policy": components["headers"]["Referrer-Policy"];
                    "Strict-Transport-Security": components["headers"]["Strict-Transport-Security"];
                    "X-Content-Type-Options": components["headers"]["X-Content-Type-Options"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    /** @description What is left of the limits of this client (draft-ietf-httpapi-ratelimit-headers). */
                    RateLimit?: string;
                    /** @description The limits (draft-ietf-httpapi-ratelimit-headers). */
                    "RateLimit-Policy"?: string;
                    "WWW-Authenticate": components["headers"]["WWW-Authenticate"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"] & {
                        /** @enum {unknown} */
                        code?: "invalid_mfa_token" | "invalid_credentials" | "code_already_used";
                    };
                };
            };
            405: components["responses"]["MethodNotAllowed"];
            413: components["responses"]["BodyTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            429: components["responses"]["TooManyRequests"];
            500: components["responses"]["InternalError"];
            503: components["responses"]["Unavailable"];
        };
    };
    redeemCode: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * @description The code of `/auth/callback`, or of an email that links an account, and the verifier of its flow.
         *
         *     A code from an email needs no verifier in a fresh session of its account.
         */
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "code": "1Yp0mZxqQkq0dQf7yJ3tUw6bW8nS2aRzLc4eVh5gKiM"
                 *     }
                 */
                "application/json": components["schemas"]["CodeAndVerifier"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    "Cache-Control": components["headers"]["Cache-Control"];
                    "Content-Security-Policy": components["headers"]["Content-Security-Policy"];
                    "Referrer-Policy": components["headers"]["Referrer-Policy"];
                    "Strict-Transport-Security": components["headers"]["Strict-Transport-Security"];
                    "X-Content-Type-Options": components["headers"]["X-Content-Type-Options"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    /** @description What is left of the limits of this client (draft-ietf-httpapi-ratelimit-headers). */
                    RateLimit?: string;
                    /** @description The limits (draft-ietf-httpapi-ratelimit-headers). */
                    "RateLimit-Policy"?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "token": "eyJhbGciOiJFUzI1NiIsInR5cCI6ImF0K2p3dCIsImtpZCI6Ij…",
                     *       "tokenType": "Bearer",
                     *       "expiresIn": 3600,
                     *       "refreshToken": "1Yp0mZxqQkq0dQf7yJ3tUw6bW8nS2aRzLc4eVh5gKiM",
                     *       "device": "1Yp0mZxqQkq0dQf7yJ3tUw6bW8nS2aRzLc4eVh5gKiM",
                     *       "user": {
                     *         "id": "0b7c5a3e-5f0e-4c57-9a31-6f2f0f1c9d42",
                     *         "email": "ada@example.com",
                     *         "name": "Ada Lovelace",
                     *         "role": "user"
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["Tokens"];
                };
            };
            /** @description One or more fields are invalid. The link or code is wrong, used, void or expired. Revealing which would help an attacker. */
            400: {
                headers: {
                    "Cache-Control": components["headers"]["Cache-Control"];
                    "Content-Security-Policy": components["headers"]["Content-Security-Policy"];
                    "Referrer-Policy": components["headers"]["Referrer-Policy"];
                    "Strict-Transport-Security": components["headers"]["Strict-Transport-Security"];
                    "X-Content-Type-Options": components["headers"]["X-Content-Type-Options"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    /** @description What is left of the limits of this client (draft-ietf-httpapi-ratelimit-headers). */
                    RateLimit?: string;
                    /** @description The limits (draft-ietf-httpapi-ratelimit-headers). */
                    "RateLimit-Policy"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"] & {
                        /** @enum {unknown} */
                        code?: "validation_failed" | "invalid_link";
                    };
                };
            };
            /** @description The token was not issued by us, or not as an access token for this API. The token is genuine but has expired. The token is valid, but its session was signed out, was revoked, or has expired. */
            401: {
                headers: {
                    "Cache-Control": components["headers"]["Cache-Control"];
                    "Content-Security-Policy": components["headers"]["Content-Security-Policy"];
                    "Referrer-Policy": components["headers"]["Referrer-Policy"];
                    "Strict-Transport-Security": components["headers"]["Strict-Transport-Security"];
                    "X-Content-Type-Options": components["headers"]["X-Content-Type-Options"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    /** @description What is left of the limits of this client (draft-ietf-httpapi-ratelimit-headers). */
                    RateLimit?: string;
                    /** @description The limits (draft-ietf-httpapi-ratelimit-headers). */
                    "RateLimit-Policy"?: string;
                    "WWW-Authenticate": components["headers"]["WWW-Authenticate"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"] & {
                        /** @enum {unknown} */
                        code?: "invalid_token" | "token_expired" | "session_ended";
                    };
                };
            };
            /** @description The first step of a sign-in is done, and the account has a factor: one of `methods` has to be proved. The session has not proved recently enough who its user is. `methods` are the proofs that are accepted. */
            403: {
                headers: {
                    "Cache-Control": components["headers"]["Cache-Control"];
                    "Content-Security-Policy": components["headers"]["Content-Security-Policy"];
                    "Referrer-Policy": components["headers"]["Referrer-Policy"];
                    "Strict-Transport-Security": components["headers"]["Strict-Transport-Security"];
                    "X-Content-Type-Options": components["headers"]["X-Content-Type-Options"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    /** @description What is left of the limits of this client (draft-ietf-httpapi-ratelimit-headers). */
                    RateLimit?: string;
                    /** @description The limits (draft-ietf-httpapi-ratelimit-headers). */
                    "RateLimit-Policy"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"] & {
                        /** @enum {unknown} */
                        code?: "mfa_required" | "reauthentication_required";
                    };
                };
            };
            405: components["responses"]["MethodNotAllowed"];
            /** @description Another account is linked to this identity. The account is linked to as many identities as it may be. */
            409: {
                headers: {
                    "Cache-Control": components["headers"]["Cache-Control"];
                    "Content-Security-Policy": components["headers"]["Content-Security-Policy"];
                    "Referrer-Policy": components["headers"]["Referrer-Policy"];
                    "Strict-Transport-Security": components["headers"]["Strict-Transport-Security"];
                    "X-Content-Type-Options": components["headers"]["X-Content-Type-Options"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    /** @description What is left of the limits of this client (draft-ietf-httpapi-ratelimit-headers). */
                    RateLimit?: string;
                    /** @description The limits (draft-ietf-httpapi-ratelimit-headers). */
                    "RateLimit-Policy"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"] & {
                        /** @enum {unknown} */
                        code?: "identity_taken" | "too_many_identities";
                    };
                };
            };
            413: components["responses"]["BodyTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            429: components["responses"]["TooManyRequests"];
            500: components["responses"]["InternalError"];
            503: components["responses"]["Unavailable"];
        };
    };
    beginProviderSignIn: {
        parameters: {
            query: {
                codeChallenge: string;
                next?: string;
            };
            header?: never;
            path: {
                provider: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description See Other */
            303: {
                headers: {
                    "Cache-Control": components["headers"]["Cache-Control"];
                    "Content-Security-Policy": components["headers"]["Content-Security-Policy"];
                    "Referrer-Policy": components["headers"]["Referrer-Policy"];
                    "Strict-Transport-Security": components["headers"]["Strict-Transport-Security"];
                    "X-Content-Type-Options": components["headers"]["X-Content-Type-Options"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    Location: components["headers"]["Location"];
                    /** @description What is left of the limits of this client (draft-ietf-httpapi-ratelimit-headers). */
                    RateLimit?: string;
                    /** @description The limits (draft-ietf-httpapi-ratelimit-headers). */
                    "RateLimit-Policy"?: string;
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["ValidationFailed"];
            /** @description No provider of this name is configured. The parameter TokenIssuer is not a URL, so this API does not know its own address. */
            404: {
                headers: {
                    "Cache-Control": components["headers"]["Cache-Control"];
                    "Content-Security-Policy": components["headers"]["Content-Security-Policy"];
                    "Referrer-Policy": components["headers"]["Referrer-Policy"];
                    "Strict-Transport-Security": components["headers"]["Strict-Transport-Security"];
                    "X-Content-Type-Options": components["headers"]["X-Content-Type-Options"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    /** @description What is left of the limits of this client (draft-ietf-httpapi-ratelimit-headers). */
                    RateLimit?: string;
                    /** @description The limits (draft-ietf-httpapi-ratelimit-headers). */
                    "RateLimit-Policy"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"] & {
                        /** @enum {unknown} */
                        code?: "provider_not_found" | "no_issuer";
                    };
                };
            };
            405: components["responses"]["MethodNotAllowed"];
            429: components["responses"]["TooManyRequests"];
            500: components["responses"]["InternalError"];
            503: components["responses"]["Unavailable"];
        };
    };
    returnFromProvider: {
        parameters: {
            query?: {
                state?: string;
                code?: string;
                error?: string;
                iss?: string;
            };
            header?: never;
            path: {
                provider: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description See Other */
            303: {
                headers: {
                    "Cache-Control": components["headers"]["Cache-Control"];
                    "Content-Security-Policy": components["headers"]["Content-Security-Policy"];
                    "Referrer-Policy": components["headers"]["Referrer-Policy"];
                    "Strict-Transport-Security": components["headers"]["Strict-Transport-Security"];
                    "X-Content-Type-Options": components["headers"]["X-Content-Type-Options"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    Location: components["headers"]["Location"];
                    /** @description What is left of the limits of this client (draft-ietf-httpapi-ratelimit-headers). */
                    RateLimit?: string;
                    /** @description The limits (draft-ietf-httpapi-ratelimit-headers). */
                    "RateLimit-Policy"?: string;
                    [name: string]: unknown;
                };
                content?: never;
            };
            405: components["responses"]["MethodNotAllowed"];
        };
    };
    returnFromProviderWithForm: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                provider: string;
            };
            cookie?: never;
        };
        /** @description The answer in a form (OAuth 2.0 Form Post Response Mode). `user` is Apple's. */
        requestBody?: {
            content: {
                /**
                 * @example {
                 *       "state": "1Yp0mZ",
                 *       "code": "c0de"
                 *     }
                 */
                "application/x-www-form-urlencoded": components["schemas"]["InForm"];
            };
        };
        responses: {
            /** @description See Other */
            303: {
                headers: {
                    "Cache-Control": components["headers"]["Cache-Control"];
                    "Content-Security-Policy": components["headers"]["Content-Security-Policy"];
                    "Referrer-Policy": components["headers"]["Referrer-Policy"];
                    "Strict-Transport-Security": components["headers"]["Strict-Transport-Security"];
                    "X-Content-Type-Options": components["headers"]["X-Content-Type-Options"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    Location: components["headers"]["Location"];
                    /** @description What is left of the limits of this client (draft-ietf-httpapi-ratelimit-headers). */
                    RateLimit?: string;
                    /** @description The limits (draft-ietf-httpapi-ratelimit-headers). */
                    "RateLimit-Policy"?: string;
                    [name: string]: unknown;
                };
                content?: never;
            };
            405: components["responses"]["MethodNotAllowed"];
        };
    };
    createNonce: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                provider: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    "Cache-Control": components["headers"]["Cache-Control"];
                    "Content-Security-Policy": components["headers"]["Content-Security-Policy"];
                    "Referrer-Policy": components["headers"]["Referrer-Policy"];
                    "Strict-Transport-Security": components["headers"]["Strict-Transport-Security"];
                    "X-Content-Type-Options": components["headers"]["X-Content-Type-Options"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    /** @description What is left of the limits of this client (draft-ietf-httpapi-ratelimit-headers). */
                    RateLimit?: string;
                    /** @description The limits (draft-ietf-httpapi-ratelimit-headers). */
                    "RateLimit-Policy"?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "nonce": "1Yp0mZxqQkq0dQf7yJ3tUw6bW8nS2aRzLc4eVh5gKiM"
                     *     }
                     */
                    "application/json": components["schemas"]["Nonce"];
                };
            };
            404: components["responses"]["ProviderNotFound"];
            405: components["responses"]["MethodNotAllowed"];
            429: components["responses"]["TooManyRequests"];
            500: components["responses"]["InternalError"];
            503: components["responses"]["Unavailable"];
        };
    };
    loginWithIdToken: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                provider: string;
            };
            cookie?: never;
        };
        /** @description An id token, and the nonce that GET has returned. The token contains the nonce or its SHA-256 in hexadecimal. */
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "idToken": "eyJhbGciOiJSUzI1NiJ9.e30.AAAA",
                 *       "nonce": "1Yp0mZxqQkq0dQf7yJ3tUw6bW8nS"
                 *     }
                 */
                "application/json": components["schemas"]["IdToken"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    "Cache-Control": components["headers"]["Cache-Control"];
                    "Content-Security-Policy": components["headers"]["Content-Security-Policy"];
                    "Referrer-Policy": components["headers"]["Referrer-Policy"];
                    "Strict-Transport-Security": components["headers"]["Strict-Transport-Security"];
                    "X-Content-Type-Options": components["headers"]["X-Content-Type-Options"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    /** @description What is left of the limits of this client (draft-ietf-httpapi-ratelimit-headers). */
                    RateLimit?: string;
                    /** @description The limits (draft-ietf-httpapi-ratelimit-headers). */
                    "RateLimit-Policy"?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "token": "eyJhbGciOiJFUzI1NiIsInR5cCI6ImF0K2p3dCIsImtpZCI6Ij…",
                     *       "tokenType": "Bearer",
                     *       "expiresIn": 3600,
                     *       "refreshToken": "1Yp0mZxqQkq0dQf7yJ3tUw6bW8nS2aRzLc4eVh5gKiM",
                     *       "device": "1Yp0mZxqQkq0dQf7yJ3tUw6bW8nS2aRzLc4eVh5gKiM",
                     *       "user": {
                     *         "id": "0b7c5a3e-5f0e-4c57-9a31-6f2f0f1c9d42",
                     *         "email": "ada@example.com",
                     *         "name": "Ada Lovelace",
                     *         "role": "user"
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["Tokens"];
                };
            };
            400: components["responses"]["ValidationFailed"];
            401: components["responses"]["InvalidIdToken"];
            /** @description The first step of a sign-in is done, and the account has a factor: one of `methods` has to be proved. The provider does not say that the user has proved to own an address, so no account is opened or linked. An administrator has disabled the account. Only whoever has proved an identity of it learns that. Accounts are opened by invitation only. No account may have an address of this domain, unless an administrator invites it. */
            403: {
                headers: {
                    "Cache-Control": components["headers"]["Cache-Control"];
                    "Content-Security-Policy": components["headers"]["Content-Security-Policy"];
                    "Referrer-Policy": components["headers"]["Referrer-Policy"];
                    "Strict-Transport-Security": components["headers"]["Strict-Transport-Security"];
                    "X-Content-Type-Options": components["headers"]["X-Content-Type-Options"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    /** @description What is left of the limits of this client (draft-ietf-httpapi-ratelimit-headers). */
                    RateLimit?: string;
                    /** @description The limits (draft-ietf-httpapi-ratelimit-headers). */
                    "RateLimit-Policy"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"] & {
                        /** @enum {unknown} */
                        code?: "mfa_required" | "email_unverified" | "account_disabled" | "sign_up_closed" | "domain_not_allowed";
                    };
                };
            };
            404: components["responses"]["ProviderNotFound"];
            405: components["responses"]["MethodNotAllowed"];
            /** @description The address was invited, and the invitation is not accepted yet. It has been mailed again. The address was that of an account until lately, and its owner may still undo the change: the link was mailed. The address has an account, which the identity is not linked to yet. Its owner has been mailed a link. The account is linked to as many identities as it may be. */
            409: {
                headers: {
                    "Cache-Control": components["headers"]["Cache-Control"];
                    "Content-Security-Policy": components["headers"]["Content-Security-Policy"];
                    "Referrer-Policy": components["headers"]["Referrer-Policy"];
                    "Strict-Transport-Security": components["headers"]["Strict-Transport-Security"];
                    "X-Content-Type-Options": components["headers"]["X-Content-Type-Options"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    /** @description What is left of the limits of this client (draft-ietf-httpapi-ratelimit-headers). */
                    RateLimit?: string;
                    /** @description The limits (draft-ietf-httpapi-ratelimit-headers). */
                    "RateLimit-Policy"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"] & {
                        /** @enum {unknown} */
                        code?: "invitation_pending" | "address_reserved" | "link_required" | "too_many_identities";
                    };
                };
            };
            413: components["responses"]["BodyTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            429: components["responses"]["TooManyRequests"];
            500: components["responses"]["InternalError"];
            503: components["responses"]["Unavailable"];
        };
    };
    registerPasskey: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * @description What `navigator.credentials.create()` has returned, as its `toJSON()` gives it, and a name.
         *
         *     Without a name, the passkey gets that of its authenticator, if it is well known.
         */
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "credential": {
                 *         "id": "8Yq1CwKHLw0bNn6IoCb1MgAvBvO5yVqPzXQmYtE3n0s",
                 *         "rawId": "8Yq1CwKHLw0bNn6IoCb1MgAvBvO5yVqPzXQmYtE3n0s",
                 *         "type": "public-key",
                 *         "response": {
                 *           "clientDataJSON": "eyJ0eXBlIjoid2ViYXV0aG4uZ2V0In0",
                 *           "attestationObject": "omNmbXRkbm9uZWdhdHRTdG10oA"
                 *         }
                 *       }
                 *     }
                 */
                "application/json": components["schemas"]["NewPasskey"];
            };
        };
        responses: {
            /** @description Created */
            201: {
                headers: {
                    "Cache-Control": components["headers"]["Cache-Control"];
                    "Content-Security-Policy": components["headers"]["Content-Security-Policy"];
                    "Referrer-Policy": components["headers"]["Referrer-Policy"];
                    "Strict-Transport-Security": components["headers"]["Strict-Transport-Security"];
                    "X-Content-Type-Options": components["headers"]["X-Content-Type-Options"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    /** @description Where it is. */
                    Location?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "success": true,
                     *       "data": {
                     *         "id": "0b7c5a3e-5f0e-4c57-9a31-6f2f0f1c9d42",
                     *         "type": "totp",
                     *         "name": "My phone",
                     *         "createdAt": "2026-08-04T12:00:00.000Z",
                     *         "lastUsedAt": "2026-08-04T12:00:00.000Z",
                     *         "synced": true,
                     *         "recoveryCodes": [
                     *           "MZXW-6YTB-OI4G-K5DT"
                     *         ]
                     *       }
                     *     }
                     */
                    "application/json": {
                        /** @constant */
                        success: true;
                        data: components["schemas"]["RegisteredPasskey"];
                    };
                };
            };
            /** @description One or more fields are invalid. The authenticator's response is invalid, or its challenge is used, expired or of another session. */
            400: {
                headers: {
                    "Cache-Control": components["headers"]["Cache-Control"];
                    "Content-Security-Policy": components["headers"]["Content-Security-Policy"];
                    "Referrer-Policy": components["headers"]["Referrer-Policy"];
                    "Strict-Transport-Security": components["headers"]["Strict-Transport-Security"];
                    "X-Content-Type-Options": components["headers"]["X-Content-Type-Options"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    /** @description What is left of the limits of this client (draft-ietf-httpapi-ratelimit-headers). */
                    RateLimit?: string;
                    /** @description The limits (draft-ietf-httpapi-ratelimit-headers). */
                    "RateLimit-Policy"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"] & {
                        /** @enum {unknown} */
                        code?: "validation_failed" | "invalid_passkey";
                    };
                };
            };
            401: components["responses"]["NotSignedIn"];
            403: components["responses"]["ReauthenticationRequired"];
            405: components["responses"]["MethodNotAllowed"];
            /** @description An account has this passkey already. The account has as many factors of this type as it may have. */
            409: {
                headers: {
                    "Cache-Control": components["headers"]["Cache-Control"];
                    "Content-Security-Policy": components["headers"]["Content-Security-Policy"];
                    "Referrer-Policy": components["headers"]["Referrer-Policy"];
                    "Strict-Transport-Security": components["headers"]["Strict-Transport-Security"];
                    "X-Content-Type-Options": components["headers"]["X-Content-Type-Options"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    /** @description What is left of the limits of this client (draft-ietf-httpapi-ratelimit-headers). */
                    RateLimit?: string;
                    /** @description The limits (draft-ietf-httpapi-ratelimit-headers). */
                    "RateLimit-Policy"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"] & {
                        /** @enum {unknown} */
                        code?: "passkey_taken" | "too_many_factors";
                    };
                };
            };
            413: components["responses"]["BodyTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            429: components["responses"]["TooManyRequests"];
            500: components["responses"]["InternalError"];
            503: components["responses"]["Unavailable"];
        };
    };
    creationOptions: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    "Cache-Control": components["headers"]["Cache-Control"];
                    "Content-Security-Policy": components["headers"]["Content-Security-Policy"];
                    "Referrer-Policy": components["headers"]["Referrer-Policy"];
                    "Strict-Transport-Security": components["headers"]["Strict-Transport-Security"];
                    "X-Content-Type-Options": components["headers"]["X-Content-Type-Options"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "rp": {
                     *         "id": "example.com",
                     *         "name": "Example"
                     *       },
                     *       "user": {
                     *         "id": "C3xaPl8OTFeaMW8vDxydQg",
                     *         "name": "ada@example.com",
                     *         "displayName": "Ada Lovelace"
                     *       },
                     *       "challenge": "C3xaPl8OTFeaMW8vDxydQg",
                     *       "pubKeyCredParams": [
                     *         {
                     *           "type": "public-key",
                     *           "alg": -7
                     *         }
                     *       ],
                     *       "timeout": 300000,
                     *       "excludeCredentials": [
                     *         {
                     *           "type": "public-key",
                     *           "id": "C3xaPl8OTFeaMW8vDxydQg",
                     *           "transports": [
                     *             "text"
                     *           ]
                     *         }
                     *       ],
                     *       "authenticatorSelection": {
                     *         "residentKey": "required",
                     *         "requireResidentKey": true,
                     *         "userVerification": "required"
                     *       },
                     *       "attestation": "none",
                     *       "extensions": {}
                     *     }
                     */
                    "application/json": components["schemas"]["CreationOptions"];
                };
            };
            401: components["responses"]["NotSignedIn"];
            403: components["responses"]["ReauthenticationRequired"];
            405: components["responses"]["MethodNotAllowed"];
            409: components["responses"]["TooManyFactors"];
            500: components["responses"]["InternalError"];
            503: components["responses"]["Unavailable"];
        };
    };
    listProviders: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    "Cache-Control": components["headers"]["Cache-Control"];
                    "Content-Security-Policy": components["headers"]["Content-Security-Policy"];
                    "Referrer-Policy": components["headers"]["Referrer-Policy"];
                    "Strict-Transport-Security": components["headers"]["Strict-Transport-Security"];
                    "X-Content-Type-Options": components["headers"]["X-Content-Type-Options"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "success": true,
                     *       "data": [
                     *         {
                     *           "id": "google",
                     *           "name": "Google"
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": {
                        /** @constant */
                        success: true;
                        data: components["schemas"]["PublicProvider"][];
                    };
                };
            };
            405: components["responses"]["MethodNotAllowed"];
            500: components["responses"]["InternalError"];
            503: components["responses"]["Unavailable"];
        };
    };
    reauthenticate: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * @description One proof: the password or, for an account with a factor, a code of an app, a recovery code or a passkey.
         *
         *     For an account that has neither: the code of an email, and the secret that /api/auth/login/email has returned.
         */
        requestBody?: {
            content: {
                /**
                 * @example {
                 *       "password": "correct horse battery"
                 *     }
                 */
                "application/json": components["schemas"]["Proof"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    "Cache-Control": components["headers"]["Cache-Control"];
                    "Content-Security-Policy": components["headers"]["Content-Security-Policy"];
                    "Referrer-Policy": components["headers"]["Referrer-Policy"];
                    "Strict-Transport-Security": components["headers"]["Strict-Transport-Security"];
                    "X-Content-Type-Options": components["headers"]["X-Content-Type-Options"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "token": "eyJhbGciOiJFUzI1NiIsInR5cCI6ImF0K2p3dCIsImtpZCI6Ij…",
                     *       "tokenType": "Bearer",
                     *       "expiresIn": 3600,
                     *       "refreshToken": "1Yp0mZxqQkq0dQf7yJ3tUw6bW8nS2aRzLc4eVh5gKiM",
                     *       "device": "1Yp0mZxqQkq0dQf7yJ3tUw6bW8nS2aRzLc4eVh5gKiM",
                     *       "user": {
                     *         "id": "0b7c5a3e-5f0e-4c57-9a31-6f2f0f1c9d42",
                     *         "email": "ada@example.com",
                     *         "name": "Ada Lovelace",
                     *         "role": "user"
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["Tokens"];
                };
            };
            /** @description One or more fields are invalid. The link or code is wrong, used, void or expired. Revealing which would help an attacker. */
            400: {
                headers: {
                    "Cache-Control": components["headers"]["Cache-Control"];
                    "Content-Security-Policy": components["headers"]["Content-Security-Policy"];
                    "Referrer-Policy": components["headers"]["Referrer-Policy"];
                    "Strict-Transport-Security": components["headers"]["Strict-Transport-Security"];
                    "X-Content-Type-Options": components["headers"]["X-Content-Type-Options"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    /** @description What is left of the limits of this client (draft-ietf-httpapi-ratelimit-headers). */
                    RateLimit?: string;
                    /** @description The limits (draft-ietf-httpapi-ratelimit-headers). */
                    "RateLimit-Policy"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"] & {
                        /** @enum {unknown} */
                        code?: "validation_failed" | "invalid_link";
                    };
                };
            };
            /** @description The request has no bearer token. The token was not issued by us, or not as an access token for this API. The token is genuine but has expired. The token is valid, but its session was signed out, was revoked, or has expired. Unknown address, wrong password, or locked or disabled account. Callers never learn which. The code is correct, but was accepted before. It is not counted as a failure. */
            401: {
                headers: {
                    "Cache-Control": components["headers"]["Cache-Control"];
                    "Content-Security-Policy": components["headers"]["Content-Security-Policy"];
                    "Referrer-Policy": components["headers"]["Referrer-Policy"];
                    "Strict-Transport-Security": components["headers"]["Strict-Transport-Security"];
                    "X-Content-Type-Options": components["headers"]["X-Content-Type-Options"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    /** @description What is left of the limits of this client (draft-ietf-httpapi-ratelimit-headers). */
                    RateLimit?: string;
                    /** @description The limits (draft-ietf-httpapi-ratelimit-headers). */
                    "RateLimit-Policy"?: string;
                    "WWW-Authenticate": components["headers"]["WWW-Authenticate"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"] & {
                        /** @enum {unknown} */
                        code?: "no_token" | "invalid_token" | "token_expired" | "session_ended" | "invalid_credentials" | "code_already_used";
                    };
                };
            };
            403: components["responses"]["ReauthenticationRequired"];
            405: components["responses"]["MethodNotAllowed"];
            413: components["responses"]["BodyTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            500: components["responses"]["InternalError"];
            503: components["responses"]["Unavailable"];
        };
    };
    renewRecoveryCodes: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Created */
            201: {
                headers: {
                    "Cache-Control": components["headers"]["Cache-Control"];
                    "Content-Security-Policy": components["headers"]["Content-Security-Policy"];
                    "Referrer-Policy": components["headers"]["Referrer-Policy"];
                    "Strict-Transport-Security": components["headers"]["Strict-Transport-Security"];
                    "X-Content-Type-Options": components["headers"]["X-Content-Type-Options"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    /** @description Where it is. */
                    Location?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "success": true,
                     *       "data": {
                     *         "recoveryCodes": [
                     *           "MZXW-6YTB-OI4G-K5DT"
                     *         ]
                     *       }
                     *     }
                     */
                    "application/json": {
                        /** @constant */
                        success: true;
                        data: components["schemas"]["NewRecoveryCodes"];
                    };
                };
            };
            401: components["responses"]["NotSignedIn"];
            403: components["responses"]["ReauthenticationRequired"];
            405: components["responses"]["MethodNotAllowed"];
            409: components["responses"]["NoFactors"];
            429: components["responses"]["TooManyRequests"];
            500: components["responses"]["InternalError"];
            503: components["responses"]["Unavailable"];
        };
    };
    refresh: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** @description The session's current refresh token. */
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "refreshToken": "AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
                 *     }
                 */
                "application/json": components["schemas"]["CurrentToken"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    "Cache-Control": components["headers"]["Cache-Control"];
                    "Content-Security-Policy": components["headers"]["Content-Security-Policy"];
                    "Referrer-Policy": components["headers"]["Referrer-Policy"];
                    "Strict-Transport-Security": components["headers"]["Strict-Transport-Security"];
                    "X-Content-Type-Options": components["headers"]["X-Content-Type-Options"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "token": "eyJhbGciOiJFUzI1NiIsInR5cCI6ImF0K2p3dCIsImtpZCI6Ij…",
                     *       "tokenType": "Bearer",
                     *       "expiresIn": 3600,
                     *       "refreshToken": "1Yp0mZxqQkq0dQf7yJ3tUw6bW8nS2aRzLc4eVh5gKiM",
                     *       "device": "1Yp0mZxqQkq0dQf7yJ3tUw6bW8nS2aRzLc4eVh5gKiM",
                     *       "user": {
                     *         "id": "0b7c5a3e-5f0e-4c57-9a31-6f2f0f1c9d42",
                     *         "email": "ada@example.com",
                     *         "name": "Ada Lovelace",
                     *         "role": "user"
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["Tokens"];
                };
            };
            400: components["responses"]["ValidationFailed"];
            /** @description The refresh token was not issued by us, or its session has ended. The session was not refreshed in time, or has reached its maximum lifetime. The token was replaced by one that was used. One of the two is a copy, so the session has been ended. */
            401: {
                headers: {
                    "Cache-Control": components["headers"]["Cache-Control"];
                    "Content-Security-Policy": components["headers"]["Content-Security-Policy"];
                    "Referrer-Policy": components["headers"]["Referrer-Policy"];
                    "Strict-Transport-Security": components["headers"]["Strict-Transport-Security"];
                    "X-Content-Type-Options": components["headers"]["X-Content-Type-Options"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    /** @description What is left of the limits of this client (draft-ietf-httpapi-ratelimit-headers). */
                    RateLimit?: string;
                    /** @description The limits (draft-ietf-httpapi-ratelimit-headers). */
                    "RateLimit-Policy"?: string;
                    "WWW-Authenticate": components["headers"]["WWW-Authenticate"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"] & {
                        /** @enum {unknown} */
                        code?: "invalid_refresh_token" | "session_expired" | "refresh_token_reused";
                    };
                };
            };
            405: components["responses"]["MethodNotAllowed"];
            413: components["responses"]["BodyTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            500: components["responses"]["InternalError"];
            503: components["responses"]["Unavailable"];
        };
    };
    register: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** @description Name, email and password of the new account. */
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "name": "Ada Lovelace",
                 *       "email": "ada@example.com",
                 *       "password": "correct horse battery"
                 *     }
                 */
                "application/json": components["schemas"]["Registration"];
            };
        };
        responses: {
            /** @description Accepted */
            202: {
                headers: {
                    "Cache-Control": components["headers"]["Cache-Control"];
                    "Content-Security-Policy": components["headers"]["Content-Security-Policy"];
                    "Referrer-Policy": components["headers"]["Referrer-Policy"];
                    "Strict-Transport-Security": components["headers"]["Strict-Transport-Security"];
                    "X-Content-Type-Options": components["headers"]["X-Content-Type-Options"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    /** @description What is left of the limits of this client (draft-ietf-httpapi-ratelimit-headers). */
                    RateLimit?: string;
                    /** @description The limits (draft-ietf-httpapi-ratelimit-headers). */
                    "RateLimit-Policy"?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "success": true,
                     *       "message": "Your address is confirmed.",
                     *       "registration": "1Yp0mZxqQkq0dQf7yJ3tUw6bW8nS2aRzLc4eVh5gKiM"
                     *     }
                     */
                    "application/json": {
                        /** @constant */
                        success: true;
                    } & components["schemas"]["RegistrationStarted"];
                };
            };
            400: components["responses"]["ValidationFailed"];
            /** @description Accounts are opened by invitation only. No account may have an address of this domain, unless an administrator invites it. */
            403: {
                headers: {
                    "Cache-Control": components["headers"]["Cache-Control"];
                    "Content-Security-Policy": components["headers"]["Content-Security-Policy"];
                    "Referrer-Policy": components["headers"]["Referrer-Policy"];
                    "Strict-Transport-Security": components["headers"]["Strict-Transport-Security"];
                    "X-Content-Type-Options": components["headers"]["X-Content-Type-Options"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    /** @description What is left of the limits of this client (draft-ietf-httpapi-ratelimit-headers). */
                    RateLimit?: string;
                    /** @description The limits (draft-ietf-httpapi-ratelimit-headers). */
                    "RateLimit-Policy"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"] & {
                        /** @enum {unknown} */
                        code?: "sign_up_closed" | "domain_not_allowed";
                    };
                };
            };
            405: components["responses"]["MethodNotAllowed"];
            413: components["responses"]["BodyTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            429: components["responses"]["TooManyRequests"];
            500: components["responses"]["InternalError"];
            503: components["responses"]["Unavailable"];
        };
    };
    resendVerification: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** @description The address to confirm, and the secret of the registration that the emailed code is for. */
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "email": "ada@example.com"
                 *     }
                 */
                "application/json": components["schemas"]["UnconfirmedAddress"];
            };
        };
        responses: {
            /** @description Accepted */
            202: {
                headers: {
                    "Cache-Control": components["headers"]["Cache-Control"];
                    "Content-Security-Policy": components["headers"]["Content-Security-Policy"];
                    "Referrer-Policy": components["headers"]["Referrer-Policy"];
                    "Strict-Transport-Security": components["headers"]["Strict-Transport-Security"];
                    "X-Content-Type-Options": components["headers"]["X-Content-Type-Options"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    /** @description What is left of the limits of this client (draft-ietf-httpapi-ratelimit-headers). */
                    RateLimit?: string;
                    /** @description The limits (draft-ietf-httpapi-ratelimit-headers). */
                    "RateLimit-Policy"?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "success": true,
                     *       "message": "Your address is confirmed."
                     *     }
                     */
                    "application/json": {
                        /** @constant */
                        success: true;
                    } & components["schemas"]["Message-Output"];
                };
            };
            400: components["responses"]["ValidationFailed"];
            405: components["responses"]["MethodNotAllowed"];
            413: components["responses"]["BodyTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            429: components["responses"]["TooManyRequests"];
            500: components["responses"]["InternalError"];
            503: components["responses"]["Unavailable"];
        };
    };
    resetPassword: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** @description The link's token, and the new password. */
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "token": "1Yp0mZxqQkq0dQf7yJ3tUw6bW8nS2aRzLc4eVh5gKiM",
                 *       "password": "correct horse battery"
                 *     }
                 */
                "application/json": components["schemas"]["NewPassword"];
            };
        };
        responses: {
            /** @description No Content */
            204: {
                headers: {
                    "Cache-Control": components["headers"]["Cache-Control"];
                    "Content-Security-Policy": components["headers"]["Content-Security-Policy"];
                    "Referrer-Policy": components["headers"]["Referrer-Policy"];
                    "Strict-Transport-Security": components["headers"]["Strict-Transport-Security"];
                    "X-Content-Type-Options": components["headers"]["X-Content-Type-Options"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description One or more fields are invalid. The link or code is wrong, used, void or expired. Revealing which would help an attacker. */
            400: {
                headers: {
                    "Cache-Control": components["headers"]["Cache-Control"];
                    "Content-Security-Policy": components["headers"]["Content-Security-Policy"];
                    "Referrer-Policy": components["headers"]["Referrer-Policy"];
                    "Strict-Transport-Security": components["headers"]["Strict-Transport-Security"];
                    "X-Content-Type-Options": components["headers"]["X-Content-Type-Options"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    /** @description What is left of the limits of this client (draft-ietf-httpapi-ratelimit-headers). */
                    RateLimit?: string;
                    /** @description The limits (draft-ietf-httpapi-ratelimit-headers). */
                    "RateLimit-Policy"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"] & {
                        /** @enum {unknown} */
                        code?: "validation_failed" | "invalid_link";
                    };
                };
            };
            405: components["responses"]["MethodNotAllowed"];
            413: components["responses"]["BodyTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            500: components["responses"]["InternalError"];
            503: components["responses"]["Unavailable"];
        };
    };
    listSessions: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    "Cache-Control": components["headers"]["Cache-Control"];
                    "Content-Security-Policy": components["headers"]["Content-Security-Policy"];
                    "Referrer-Policy": components["headers"]["Referrer-Policy"];
                    "Strict-Transport-Security": components["headers"]["Strict-Transport-Security"];
                    "X-Content-Type-Options": components["headers"]["X-Content-Type-Options"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "success": true,
                     *       "data": [
                     *         {
                     *           "id": "0b7c5a3e-5f0e-4c57-9a31-6f2f0f1c9d42",
                     *           "createdAt": "2026-08-04T12:00:00.000Z",
                     *           "lastUsedAt": "2026-08-04T12:00:00.000Z",
                     *           "expiresAt": "2026-08-04T12:00:00.000Z",
                     *           "ip": "203.0.113.10",
                     *           "userAgent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Firefox/140.0",
                     *           "amr": [
                     *             "pwd",
                     *             "otp",
                     *             "mfa"
                     *           ],
                     *           "aal": 1,
                     *           "current": true
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": {
                        /** @constant */
                        success: true;
                        data: components["schemas"]["PublicSession"][];
                    };
                };
            };
            401: components["responses"]["NotSignedIn"];
            405: components["responses"]["MethodNotAllowed"];
            500: components["responses"]["InternalError"];
            503: components["responses"]["Unavailable"];
        };
    };
    endSession: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                sessionId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description No Content */
            204: {
                headers: {
                    "Cache-Control": components["headers"]["Cache-Control"];
                    "Content-Security-Policy": components["headers"]["Content-Security-Policy"];
                    "Referrer-Policy": components["headers"]["Referrer-Policy"];
                    "Strict-Transport-Security": components["headers"]["Strict-Transport-Security"];
                    "X-Content-Type-Options": components["headers"]["X-Content-Type-Options"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            401: components["responses"]["NotSignedIn"];
            404: components["responses"]["SessionNotFound"];
            405: components["responses"]["MethodNotAllowed"];
            500: components["responses"]["InternalError"];
            503: components["responses"]["Unavailable"];
        };
    };
    verifyEmail: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * @description The mailbox's proof: the link's token, or the address and its six-digit code; and the registrant's.
         *
         *     The registrant's proof is the secret of the response to the registration, or else its password. Only a link that
         *     concerns an existing account needs none.
         */
        requestBody?: {
            content: {
                /**
                 * @example {
                 *       "email": "ada@example.com",
                 *       "code": "000000",
                 *       "registration": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
                 *     }
                 */
                "application/json": components["schemas"]["Proofs"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    "Cache-Control": components["headers"]["Cache-Control"];
                    "Content-Security-Policy": components["headers"]["Content-Security-Policy"];
                    "Referrer-Policy": components["headers"]["Referrer-Policy"];
                    "Strict-Transport-Security": components["headers"]["Strict-Transport-Security"];
                    "X-Content-Type-Options": components["headers"]["X-Content-Type-Options"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    /** @description What is left of the limits of this client (draft-ietf-httpapi-ratelimit-headers). */
                    RateLimit?: string;
                    /** @description The limits (draft-ietf-httpapi-ratelimit-headers). */
                    "RateLimit-Policy"?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "token": "eyJhbGciOiJFUzI1NiIsInR5cCI6ImF0K2p3dCIsImtpZCI6Ij…",
                     *       "tokenType": "Bearer",
                     *       "expiresIn": 3600,
                     *       "refreshToken": "1Yp0mZxqQkq0dQf7yJ3tUw6bW8nS2aRzLc4eVh5gKiM",
                     *       "device": "1Yp0mZxqQkq0dQf7yJ3tUw6bW8nS2aRzLc4eVh5gKiM",
                     *       "user": {
                     *         "id": "0b7c5a3e-5f0e-4c57-9a31-6f2f0f1c9d42",
                     *         "email": "ada@example.com",
                     *         "name": "Ada Lovelace",
                     *         "role": "user"
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["Tokens"] | ({
                        /** @constant */
                        success: true;
                    } & components["schemas"]["Message-Output"]);
                };
            };
            /** @description One or more fields are invalid. The link or code is wrong, used, void or expired. Revealing which would help an attacker. The mailbox was proved, but not who registered. */
            400: {
                headers: {
                    "Cache-Control": components["headers"]["Cache-Control"];
                    "Content-Security-Policy": components["headers"]["Content-Security-Policy"];
                    "Referrer-Policy": components["headers"]["Referrer-Policy"];
                    "Strict-Transport-Security": components["headers"]["Strict-Transport-Security"];
                    "X-Content-Type-Options": components["headers"]["X-Content-Type-Options"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    /** @description What is left of the limits of this client (draft-ietf-httpapi-ratelimit-headers). */
                    RateLimit?: string;
                    /** @description The limits (draft-ietf-httpapi-ratelimit-headers). */
                    "RateLimit-Policy"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"] & {
                        /** @enum {unknown} */
                        code?: "validation_failed" | "invalid_link" | "registration_required";
                    };
                };
            };
            401: components["responses"]["InvalidCredentials"];
            /** @description Accounts are opened by invitation only. No account may have an address of this domain, unless an administrator invites it. */
            403: {
                headers: {
                    "Cache-Control": components["headers"]["Cache-Control"];
                    "Content-Security-Policy": components["headers"]["Content-Security-Policy"];
                    "Referrer-Policy": components["headers"]["Referrer-Policy"];
                    "Strict-Transport-Security": components["headers"]["Strict-Transport-Security"];
                    "X-Content-Type-Options": components["headers"]["X-Content-Type-Options"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    /** @description What is left of the limits of this client (draft-ietf-httpapi-ratelimit-headers). */
                    RateLimit?: string;
                    /** @description The limits (draft-ietf-httpapi-ratelimit-headers). */
                    "RateLimit-Policy"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"] & {
                        /** @enum {unknown} */
                        code?: "sign_up_closed" | "domain_not_allowed";
                    };
                };
            };
            405: components["responses"]["MethodNotAllowed"];
            409: components["responses"]["EmailTaken"];
            413: components["responses"]["BodyTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            429: components["responses"]["TooManyRequests"];
            500: components["responses"]["InternalError"];
            503: components["responses"]["Unavailable"];
        };
    };
    readContact: {
        parameters: {
            query?: {
                limit?: number;
                cursor?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    "Cache-Control": components["headers"]["Cache-Control"];
                    "Content-Security-Policy": components["headers"]["Content-Security-Policy"];
                    "Referrer-Policy": components["headers"]["Referrer-Policy"];
                    "Strict-Transport-Security": components["headers"]["Strict-Transport-Security"];
                    "X-Content-Type-Options": components["headers"]["X-Content-Type-Options"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    /** @description The next page: `<path>; rel="next"`. Missing on the last page. */
                    Link?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "success": true,
                     *       "data": [
                     *         {
                     *           "id": "0b7c5a3e-5f0e-4c57-9a31-6f2f0f1c9d42",
                     *           "createdAt": "2026-08-04T12:00:00.000Z",
                     *           "name": "Ada Lovelace",
                     *           "email": "ada@example.com",
                     *           "message": "Hello,\nhow are you?"
                     *         }
                     *       ],
                     *       "nextCursor": null
                     *     }
                     */
                    "application/json": {
                        /** @constant */
                        success: true;
                        data: (components["schemas"]["PublicSubmission"] & {
                            /** @example Ada Lovelace */
                            name: string;
                            /**
                             * Format: email
                             * @example ada@example.com
                             */
                            email: string;
                            /**
                             * @example Hello,
                             *     how are you?
                             */
                            message: string;
                        })[];
                        /** @description For the next page; null on the last one. */
                        nextCursor: string | null;
                    };
                };
            };
            /** @description One or more fields are invalid. The cursor was not issued by us, or not for this caller's session. */
            400: {
                headers: {
                    "Cache-Control": components["headers"]["Cache-Control"];
                    "Content-Security-Policy": components["headers"]["Content-Security-Policy"];
                    "Referrer-Policy": components["headers"]["Referrer-Policy"];
                    "Strict-Transport-Security": components["headers"]["Strict-Transport-Security"];
                    "X-Content-Type-Options": components["headers"]["X-Content-Type-Options"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    /** @description What is left of the limits of this client (draft-ietf-httpapi-ratelimit-headers). */
                    RateLimit?: string;
                    /** @description The limits (draft-ietf-httpapi-ratelimit-headers). */
                    "RateLimit-Policy"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"] & {
                        /** @enum {unknown} */
                        code?: "validation_failed" | "invalid_cursor";
                    };
                };
            };
            401: components["responses"]["NotSignedIn"];
            403: components["responses"]["Forbidden"];
            405: components["responses"]["MethodNotAllowed"];
            500: components["responses"]["InternalError"];
            503: components["responses"]["Unavailable"];
        };
    };
    sendContact: {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes the request safe to retry. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        /** @description A message, and its sender's name and address. */
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "name": "Ada Lovelace",
                 *       "email": "ada@example.com",
                 *       "message": "Hello,\nhow are you?"
                 *     }
                 */
                "application/json": components["schemas"]["Message-Input"];
                /**
                 * @example {
                 *       "name": "Ada Lovelace",
                 *       "email": "ada@example.com",
                 *       "message": "Hello,\nhow are you?"
                 *     }
                 */
                "application/x-www-form-urlencoded": components["schemas"]["Message-Input"];
                /**
                 * @example {
                 *       "name": "Ada Lovelace",
                 *       "email": "ada@example.com",
                 *       "message": "Hello,\nhow are you?"
                 *     }
                 */
                "multipart/form-data": components["schemas"]["Message-Input"];
            };
        };
        responses: {
            /** @description Created */
            201: {
                headers: {
                    "Cache-Control": components["headers"]["Cache-Control"];
                    "Content-Security-Policy": components["headers"]["Content-Security-Policy"];
                    "Referrer-Policy": components["headers"]["Referrer-Policy"];
                    "Strict-Transport-Security": components["headers"]["Strict-Transport-Security"];
                    "X-Content-Type-Options": components["headers"]["X-Content-Type-Options"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    /** @description Where it is. */
                    Location?: string;
                    /** @description What is left of the limits of this client (draft-ietf-httpapi-ratelimit-headers). */
                    RateLimit?: string;
                    /** @description The limits (draft-ietf-httpapi-ratelimit-headers). */
                    "RateLimit-Policy"?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "success": true,
                     *       "data": {
                     *         "id": "0b7c5a3e-5f0e-4c57-9a31-6f2f0f1c9d42"
                     *       }
                     *     }
                     */
                    "application/json": {
                        /** @constant */
                        success: true;
                        data: components["schemas"]["SubmissionId"];
                    };
                };
            };
            /** @description See Other */
            303: {
                headers: {
                    "Cache-Control": components["headers"]["Cache-Control"];
                    "Content-Security-Policy": components["headers"]["Content-Security-Policy"];
                    "Referrer-Policy": components["headers"]["Referrer-Policy"];
                    "Strict-Transport-Security": components["headers"]["Strict-Transport-Security"];
                    "X-Content-Type-Options": components["headers"]["X-Content-Type-Options"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    Location: components["headers"]["Location"];
                    /** @description What is left of the limits of this client (draft-ietf-httpapi-ratelimit-headers). */
                    RateLimit?: string;
                    /** @description The limits (draft-ietf-httpapi-ratelimit-headers). */
                    "RateLimit-Policy"?: string;
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description One or more fields are invalid. */
            400: {
                headers: {
                    "Cache-Control": components["headers"]["Cache-Control"];
                    "Content-Security-Policy": components["headers"]["Content-Security-Policy"];
                    "Referrer-Policy": components["headers"]["Referrer-Policy"];
                    "Strict-Transport-Security": components["headers"]["Strict-Transport-Security"];
                    "X-Content-Type-Options": components["headers"]["X-Content-Type-Options"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    /** @description What is left of the limits of this client (draft-ietf-httpapi-ratelimit-headers). */
                    RateLimit?: string;
                    /** @description The limits (draft-ietf-httpapi-ratelimit-headers). */
                    "RateLimit-Policy"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"] & {
                        /** @enum {unknown} */
                        code?: "validation_failed";
                    };
                    "text/html": string;
                };
            };
            /** @description The path does not support this verb. */
            405: {
                headers: {
                    "Cache-Control": components["headers"]["Cache-Control"];
                    "Content-Security-Policy": components["headers"]["Content-Security-Policy"];
                    "Referrer-Policy": components["headers"]["Referrer-Policy"];
                    "Strict-Transport-Security": components["headers"]["Strict-Transport-Security"];
                    "X-Content-Type-Options": components["headers"]["X-Content-Type-Options"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    /** @description What is left of the limits of this client (draft-ietf-httpapi-ratelimit-headers). */
                    RateLimit?: string;
                    /** @description The limits (draft-ietf-httpapi-ratelimit-headers). */
                    "RateLimit-Policy"?: string;
                    Allow: components["headers"]["Allow"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"] & {
                        /** @enum {unknown} */
                        code?: "method_not_allowed";
                    };
                    "text/html": string;
                };
            };
            /** @description The idempotency key was used before, with a different request. */
            409: {
                headers: {
                    "Cache-Control": components["headers"]["Cache-Control"];
                    "Content-Security-Policy": components["headers"]["Content-Security-Policy"];
                    "Referrer-Policy": components["headers"]["Referrer-Policy"];
                    "Strict-Transport-Security": components["headers"]["Strict-Transport-Security"];
                    "X-Content-Type-Options": components["headers"]["X-Content-Type-Options"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    /** @description What is left of the limits of this client (draft-ietf-httpapi-ratelimit-headers). */
                    RateLimit?: string;
                    /** @description The limits (draft-ietf-httpapi-ratelimit-headers). */
                    "RateLimit-Policy"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"] & {
                        /** @enum {unknown} */
                        code?: "idempotency_key_reused";
                    };
                    "text/html": string;
                };
            };
            /** @description The body is larger than 1 MB. */
            413: {
                headers: {
                    "Cache-Control": components["headers"]["Cache-Control"];
                    "Content-Security-Policy": components["headers"]["Content-Security-Policy"];
                    "Referrer-Policy": components["headers"]["Referrer-Policy"];
                    "Strict-Transport-Security": components["headers"]["Strict-Transport-Security"];
                    "X-Content-Type-Options": components["headers"]["X-Content-Type-Options"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    /** @description What is left of the limits of this client (draft-ietf-httpapi-ratelimit-headers). */
                    RateLimit?: string;
                    /** @description The limits (draft-ietf-httpapi-ratelimit-headers). */
                    "RateLimit-Policy"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"] & {
                        /** @enum {unknown} */
                        code?: "body_too_large";
                    };
                    "text/html": string;
                };
            };
            /** @description The path does not accept the body's media type, or the body is compressed. */
            415: {
                headers: {
                    "Cache-Control": components["headers"]["Cache-Control"];
                    "Content-Security-Policy": components["headers"]["Content-Security-Policy"];
                    "Referrer-Policy": components["headers"]["Referrer-Policy"];
                    "Strict-Transport-Security": components["headers"]["Strict-Transport-Security"];
                    "X-Content-Type-Options": components["headers"]["X-Content-Type-Options"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    /** @description What is left of the limits of this client (draft-ietf-httpapi-ratelimit-headers). */
                    RateLimit?: string;
                    /** @description The limits (draft-ietf-httpapi-ratelimit-headers). */
                    "RateLimit-Policy"?: string;
                    /** @description Sent if the body was compressed. */
                    "Accept-Encoding"?: "identity";
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"] & {
                        /** @enum {unknown} */
                        code?: "unsupported_media_type";
                    };
                    "text/html": string;
                };
            };
            /** @description A rate limit is exceeded. Requests are accepted again in `retry_after` seconds. */
            429: {
                headers: {
                    "Cache-Control": components["headers"]["Cache-Control"];
                    "Content-Security-Policy": components["headers"]["Content-Security-Policy"];
                    "Referrer-Policy": components["headers"]["Referrer-Policy"];
                    "Strict-Transport-Security": components["headers"]["Strict-Transport-Security"];
                    "X-Content-Type-Options": components["headers"]["X-Content-Type-Options"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    /** @description What is left of the limits of this client (draft-ietf-httpapi-ratelimit-headers). */
                    RateLimit?: string;
                    /** @description The limits (draft-ietf-httpapi-ratelimit-headers). */
                    "RateLimit-Policy"?: string;
                    "Retry-After": components["headers"]["Retry-After"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"] & {
                        /** @enum {unknown} */
                        code?: "too_many_requests";
                    };
                    "text/html": string;
                };
            };
            /** @description A defect of ours. The response does not reveal the cause. */
            500: {
                headers: {
                    "Cache-Control": components["headers"]["Cache-Control"];
                    "Content-Security-Policy": components["headers"]["Content-Security-Policy"];
                    "Referrer-Policy": components["headers"]["Referrer-Policy"];
                    "Strict-Transport-Security": components["headers"]["Strict-Transport-Security"];
                    "X-Content-Type-Options": components["headers"]["X-Content-Type-Options"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    /** @description What is left of the limits of this client (draft-ietf-httpapi-ratelimit-headers). */
                    RateLimit?: string;
                    /** @description The limits (draft-ietf-httpapi-ratelimit-headers). */
                    "RateLimit-Policy"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"] & {
                        /** @enum {unknown} */
                        code?: "internal_error";
                    };
                    "text/html": string;
                };
            };
            /** @description A temporary failure, such as AWS throttling or being unreachable. Retry in `retry_after` seconds. */
            503: {
                headers: {
                    "Cache-Control": components["headers"]["Cache-Control"];
                    "Content-Security-Policy": components["headers"]["Content-Security-Policy"];
                    "Referrer-Policy": components["headers"]["Referrer-Policy"];
                    "Strict-Transport-Security": components["headers"]["Strict-Transport-Security"];
                    "X-Content-Type-Options": components["headers"]["X-Content-Type-Options"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    /** @description What is left of the limits of this client (draft-ietf-httpapi-ratelimit-headers). */
                    RateLimit?: string;
                    /** @description The limits (draft-ietf-httpapi-ratelimit-headers). */
                    "RateLimit-Policy"?: string;
                    "Retry-After": components["headers"]["Retry-After"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"] & {
                        /** @enum {unknown} */
                        code?: "unavailable";
                    };
                    "text/html": string;
                };
            };
        };
    };
    health: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    "Cache-Control": components["headers"]["Cache-Control"];
                    "Content-Security-Policy": components["headers"]["Content-Security-Policy"];
                    "Referrer-Policy": components["headers"]["Referrer-Policy"];
                    "Strict-Transport-Security": components["headers"]["Strict-Transport-Security"];
                    "X-Content-Type-Options": components["headers"]["X-Content-Type-Options"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "success": true,
                     *       "data": {
                     *         "status": "ok",
                     *         "version": "1.0.0"
                     *       }
                     *     }
                     */
                    "application/json": {
                        /** @constant */
                        success: true;
                        data: components["schemas"]["Health"];
                    };
                };
            };
            405: components["responses"]["MethodNotAllowed"];
            500: components["responses"]["InternalError"];
            503: components["responses"]["Unavailable"];
        };
    };
    listUsers: {
        parameters: {
            query?: {
                limit?: number;
                cursor?: string;
                email?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    "Cache-Control": components["headers"]["Cache-Control"];
                    "Content-Security-Policy": components["headers"]["Content-Security-Policy"];
                    "Referrer-Policy": components["headers"]["Referrer-Policy"];
                    "Strict-Transport-Security": components["headers"]["Strict-Transport-Security"];
                    "X-Content-Type-Options": components["headers"]["X-Content-Type-Options"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    /** @description The next page: `<path>; rel="next"`. Missing on the last page. */
                    Link?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "success": true,
                     *       "data": [
                     *         {
                     *           "id": "0b7c5a3e-5f0e-4c57-9a31-6f2f0f1c9d42",
                     *           "name": "Ada Lovelace",
                     *           "email": "ada@example.com",
                     *           "role": "user",
                     *           "status": "active",
                     *           "emailVerified": true,
                     *           "emailStatus": "ok",
                     *           "createdAt": "2026-08-04T12:00:00.000Z",
                     *           "updatedAt": "2026-08-04T12:00:00.000Z"
                     *         }
                     *       ],
                     *       "nextCursor": null
                     *     }
                     */
                    "application/json": {
                        /** @constant */
                        success: true;
                        data: components["schemas"]["PublicUser"][];
                        /** @description For the next page; null on the last one. */
                        nextCursor: string | null;
                    };
                };
            };
            /** @description One or more fields are invalid. The cursor was not issued by us, or not for this caller's session. */
            400: {
                headers: {
                    "Cache-Control": components["headers"]["Cache-Control"];
                    "Content-Security-Policy": components["headers"]["Content-Security-Policy"];
                    "Referrer-Policy": components["headers"]["Referrer-Policy"];
                    "Strict-Transport-Security": components["headers"]["Strict-Transport-Security"];
                    "X-Content-Type-Options": components["headers"]["X-Content-Type-Options"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    /** @description What is left of the limits of this client (draft-ietf-httpapi-ratelimit-headers). */
                    RateLimit?: string;
                    /** @description The limits (draft-ietf-httpapi-ratelimit-headers). */
                    "RateLimit-Policy"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"] & {
                        /** @enum {unknown} */
                        code?: "validation_failed" | "invalid_cursor";
                    };
                };
            };
            401: components["responses"]["NotSignedIn"];
            403: components["responses"]["Forbidden"];
            405: components["responses"]["MethodNotAllowed"];
            500: components["responses"]["InternalError"];
            503: components["responses"]["Unavailable"];
        };
    };
    inviteUser: {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes the request safe to retry. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        /** @description The user to invite. */
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "name": "Ada Lovelace",
                 *       "email": "ada@example.com",
                 *       "role": "user"
                 *     }
                 */
                "application/json": components["schemas"]["Invitation"];
            };
        };
        responses: {
            /** @description Created */
            201: {
                headers: {
                    "Cache-Control": components["headers"]["Cache-Control"];
                    "Content-Security-Policy": components["headers"]["Content-Security-Policy"];
                    "Referrer-Policy": components["headers"]["Referrer-Policy"];
                    "Strict-Transport-Security": components["headers"]["Strict-Transport-Security"];
                    "X-Content-Type-Options": components["headers"]["X-Content-Type-Options"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    /** @description Where it is. */
                    Location?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "success": true,
                     *       "data": {
                     *         "id": "0b7c5a3e-5f0e-4c57-9a31-6f2f0f1c9d42",
                     *         "name": "Ada Lovelace",
                     *         "email": "ada@example.com",
                     *         "role": "user",
                     *         "status": "active",
                     *         "emailVerified": true,
                     *         "emailStatus": "ok",
                     *         "createdAt": "2026-08-04T12:00:00.000Z",
                     *         "updatedAt": "2026-08-04T12:00:00.000Z"
                     *       }
                     *     }
                     */
                    "application/json": {
                        /** @constant */
                        success: true;
                        data: components["schemas"]["PublicUser"];
                    };
                };
            };
            400: components["responses"]["ValidationFailed"];
            401: components["responses"]["NotSignedIn"];
            /** @description The caller's role does not permit this. The session has not proved recently enough who its user is. `methods` are the proofs that are accepted. */
            403: {
                headers: {
                    "Cache-Control": components["headers"]["Cache-Control"];
                    "Content-Security-Policy": components["headers"]["Content-Security-Policy"];
                    "Referrer-Policy": components["headers"]["Referrer-Policy"];
                    "Strict-Transport-Security": components["headers"]["Strict-Transport-Security"];
                    "X-Content-Type-Options": components["headers"]["X-Content-Type-Options"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    /** @description What is left of the limits of this client (draft-ietf-httpapi-ratelimit-headers). */
                    RateLimit?: string;
                    /** @description The limits (draft-ietf-httpapi-ratelimit-headers). */
                    "RateLimit-Policy"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"] & {
                        /** @enum {unknown} */
                        code?: "forbidden" | "reauthentication_required";
                    };
                };
            };
            405: components["responses"]["MethodNotAllowed"];
            /** @description The idempotency key was used before, with a different request. Another account has this address. */
            409: {
                headers: {
                    "Cache-Control": components["headers"]["Cache-Control"];
                    "Content-Security-Policy": components["headers"]["Content-Security-Policy"];
                    "Referrer-Policy": components["headers"]["Referrer-Policy"];
                    "Strict-Transport-Security": components["headers"]["Strict-Transport-Security"];
                    "X-Content-Type-Options": components["headers"]["X-Content-Type-Options"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    /** @description What is left of the limits of this client (draft-ietf-httpapi-ratelimit-headers). */
                    RateLimit?: string;
                    /** @description The limits (draft-ietf-httpapi-ratelimit-headers). */
                    "RateLimit-Policy"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"] & {
                        /** @enum {unknown} */
                        code?: "idempotency_key_reused" | "email_taken";
                    };
                };
            };
            413: components["responses"]["BodyTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            500: components["responses"]["InternalError"];
            503: components["responses"]["Unavailable"];
        };
    };
    readUser: {
        parameters: {
            query?: never;
            header?: {
                /** @description Only these versions: 412 if none is current. */
                "If-Match"?: string;
                /** @description The version that you have: 304 if it is still current. */
                "If-None-Match"?: string;
            };
            path: {
                userId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    "Cache-Control": components["headers"]["Cache-Control"];
                    "Content-Security-Policy": components["headers"]["Content-Security-Policy"];
                    "Referrer-Policy": components["headers"]["Referrer-Policy"];
                    "Strict-Transport-Security": components["headers"]["Strict-Transport-Security"];
                    "X-Content-Type-Options": components["headers"]["X-Content-Type-Options"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    ETag: components["headers"]["ETag"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "success": true,
                     *       "data": {
                     *         "id": "0b7c5a3e-5f0e-4c57-9a31-6f2f0f1c9d42",
                     *         "name": "Ada Lovelace",
                     *         "email": "ada@example.com",
                     *         "role": "user",
                     *         "status": "active",
                     *         "emailVerified": true,
                     *         "emailStatus": "ok",
                     *         "createdAt": "2026-08-04T12:00:00.000Z",
                     *         "updatedAt": "2026-08-04T12:00:00.000Z"
                     *       }
                     *     }
                     */
                    "application/json": {
                        /** @constant */
                        success: true;
                        data: components["schemas"]["PublicUser"];
                    };
                };
            };
            /** @description Not Modified */
            304: {
                headers: {
                    "Cache-Control": components["headers"]["Cache-Control"];
                    "Content-Security-Policy": components["headers"]["Content-Security-Policy"];
                    "Referrer-Policy": components["headers"]["Referrer-Policy"];
                    "Strict-Transport-Security": components["headers"]["Strict-Transport-Security"];
                    "X-Content-Type-Options": components["headers"]["X-Content-Type-Options"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    ETag: components["headers"]["ETag"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            401: components["responses"]["NotSignedIn"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["UserNotFound"];
            405: components["responses"]["MethodNotAllowed"];
            412: components["responses"]["Stale"];
            500: components["responses"]["InternalError"];
            503: components["responses"]["Unavailable"];
        };
    };
    replaceUser: {
        parameters: {
            query?: never;
            header?: {
                /** @description Change only these versions; `*` stands for any. */
                "If-Match"?: string;
                /** @description Do not change these versions. With `*`, nothing is changed. */
                "If-None-Match"?: string;
            };
            path: {
                userId: string;
            };
            cookie?: never;
        };
        /**
         * @description All fields that the caller may change: the name, and for administrators the role and status.
         *
         *     A field that can be null becomes null if it is left out.
         */
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "name": "Grace Hopper",
                 *       "role": "user",
                 *       "status": "active"
                 *     }
                 */
                "application/json": components["schemas"]["Replacement"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    "Cache-Control": components["headers"]["Cache-Control"];
                    "Content-Security-Policy": components["headers"]["Content-Security-Policy"];
                    "Referrer-Policy": components["headers"]["Referrer-Policy"];
                    "Strict-Transport-Security": components["headers"]["Strict-Transport-Security"];
                    "X-Content-Type-Options": components["headers"]["X-Content-Type-Options"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    ETag: components["headers"]["ETag"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "success": true,
                     *       "data": {
                     *         "id": "0b7c5a3e-5f0e-4c57-9a31-6f2f0f1c9d42",
                     *         "name": "Ada Lovelace",
                     *         "email": "ada@example.com",
                     *         "role": "user",
                     *         "status": "active",
                     *         "emailVerified": true,
                     *         "emailStatus": "ok",
                     *         "createdAt": "2026-08-04T12:00:00.000Z",
                     *         "updatedAt": "2026-08-04T12:00:00.000Z"
                     *       }
                     *     }
                     */
                    "application/json": {
                        /** @constant */
                        success: true;
                        data: components["schemas"]["PublicUser"];
                    };
                };
            };
            400: components["responses"]["ValidationFailed"];
            401: components["responses"]["NotSignedIn"];
            /** @description The caller's role does not permit this. The session has not proved recently enough who its user is. `methods` are the proofs that are accepted. */
            403: {
                headers: {
                    "Cache-Control": components["headers"]["Cache-Control"];
                    "Content-Security-Policy": components["headers"]["Content-Security-Policy"];
                    "Referrer-Policy": components["headers"]["Referrer-Policy"];
                    "Strict-Transport-Security": components["headers"]["Strict-Transport-Security"];
                    "X-Content-Type-Options": components["headers"]["X-Content-Type-Options"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    /** @description What is left of the limits of this client (draft-ietf-httpapi-ratelimit-headers). */
                    RateLimit?: string;
                    /** @description The limits (draft-ietf-httpapi-ratelimit-headers). */
                    "RateLimit-Policy"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"] & {
                        /** @enum {unknown} */
                        code?: "forbidden" | "reauthentication_required";
                    };
                };
            };
            404: components["responses"]["UserNotFound"];
            405: components["responses"]["MethodNotAllowed"];
            409: components["responses"]["LastAdmin"];
            412: components["responses"]["Stale"];
            413: components["responses"]["BodyTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            500: components["responses"]["InternalError"];
            503: components["responses"]["Unavailable"];
        };
    };
    closeAccount: {
        parameters: {
            query?: never;
            header?: {
                /** @description Change only these versions; `*` stands for any. */
                "If-Match"?: string;
                /** @description Do not change these versions. With `*`, nothing is changed. */
                "If-None-Match"?: string;
            };
            path: {
                userId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description No Content */
            204: {
                headers: {
                    "Cache-Control": components["headers"]["Cache-Control"];
                    "Content-Security-Policy": components["headers"]["Content-Security-Policy"];
                    "Referrer-Policy": components["headers"]["Referrer-Policy"];
                    "Strict-Transport-Security": components["headers"]["Strict-Transport-Security"];
                    "X-Content-Type-Options": components["headers"]["X-Content-Type-Options"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            401: components["responses"]["NotSignedIn"];
            /** @description The caller's role does not permit this. The session has not proved recently enough who its user is. `methods` are the proofs that are accepted. */
            403: {
                headers: {
                    "Cache-Control": components["headers"]["Cache-Control"];
                    "Content-Security-Policy": components["headers"]["Content-Security-Policy"];
                    "Referrer-Policy": components["headers"]["Referrer-Policy"];
                    "Strict-Transport-Security": components["headers"]["Strict-Transport-Security"];
                    "X-Content-Type-Options": components["headers"]["X-Content-Type-Options"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    /** @description What is left of the limits of this client (draft-ietf-httpapi-ratelimit-headers). */
                    RateLimit?: string;
                    /** @description The limits (draft-ietf-httpapi-ratelimit-headers). */
                    "RateLimit-Policy"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"] & {
                        /** @enum {unknown} */
                        code?: "forbidden" | "reauthentication_required";
                    };
                };
            };
            404: components["responses"]["UserNotFound"];
            405: components["responses"]["MethodNotAllowed"];
            /** @description The change would leave no administrator who can sign in. The account's address has changed lately, which the owner of the former one may still undo. */
            409: {
                headers: {
                    "Cache-Control": components["headers"]["Cache-Control"];
                    "Content-Security-Policy": components["headers"]["Content-Security-Policy"];
                    "Referrer-Policy": components["headers"]["Referrer-Policy"];
                    "Strict-Transport-Security": components["headers"]["Strict-Transport-Security"];
                    "X-Content-Type-Options": components["headers"]["X-Content-Type-Options"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    /** @description What is left of the limits of this client (draft-ietf-httpapi-ratelimit-headers). */
                    RateLimit?: string;
                    /** @description The limits (draft-ietf-httpapi-ratelimit-headers). */
                    "RateLimit-Policy"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"] & {
                        /** @enum {unknown} */
                        code?: "last_admin" | "email_change_undoable";
                    };
                };
            };
            412: components["responses"]["Stale"];
            500: components["responses"]["InternalError"];
            503: components["responses"]["Unavailable"];
        };
    };
    updateUser: {
        parameters: {
            query?: never;
            header?: {
                /** @description Change only these versions; `*` stands for any. */
                "If-Match"?: string;
                /** @description Do not change these versions. With `*`, nothing is changed. */
                "If-None-Match"?: string;
            };
            path: {
                userId: string;
            };
            cookie?: never;
        };
        /** @description The fields to change. Null clears a field that can be null. */
        requestBody?: {
            content: {
                /**
                 * @example {
                 *       "name": "Ada Lovelace"
                 *     }
                 */
                "application/json": components["schemas"]["Changes"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    "Cache-Control": components["headers"]["Cache-Control"];
                    "Content-Security-Policy": components["headers"]["Content-Security-Policy"];
                    "Referrer-Policy": components["headers"]["Referrer-Policy"];
                    "Strict-Transport-Security": components["headers"]["Strict-Transport-Security"];
                    "X-Content-Type-Options": components["headers"]["X-Content-Type-Options"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    ETag: components["headers"]["ETag"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "success": true,
                     *       "data": {
                     *         "id": "0b7c5a3e-5f0e-4c57-9a31-6f2f0f1c9d42",
                     *         "name": "Ada Lovelace",
                     *         "email": "ada@example.com",
                     *         "role": "user",
                     *         "status": "active",
                     *         "emailVerified": true,
                     *         "emailStatus": "ok",
                     *         "createdAt": "2026-08-04T12:00:00.000Z",
                     *         "updatedAt": "2026-08-04T12:00:00.000Z"
                     *       }
                     *     }
                     */
                    "application/json": {
                        /** @constant */
                        success: true;
                        data: components["schemas"]["PublicUser"];
                    };
                };
            };
            400: components["responses"]["ValidationFailed"];
            401: components["responses"]["NotSignedIn"];
            /** @description The caller's role does not permit this. The session has not proved recently enough who its user is. `methods` are the proofs that are accepted. */
            403: {
                headers: {
                    "Cache-Control": components["headers"]["Cache-Control"];
                    "Content-Security-Policy": components["headers"]["Content-Security-Policy"];
                    "Referrer-Policy": components["headers"]["Referrer-Policy"];
                    "Strict-Transport-Security": components["headers"]["Strict-Transport-Security"];
                    "X-Content-Type-Options": components["headers"]["X-Content-Type-Options"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    /** @description What is left of the limits of this client (draft-ietf-httpapi-ratelimit-headers). */
                    RateLimit?: string;
                    /** @description The limits (draft-ietf-httpapi-ratelimit-headers). */
                    "RateLimit-Policy"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"] & {
                        /** @enum {unknown} */
                        code?: "forbidden" | "reauthentication_required";
                    };
                };
            };
            404: components["responses"]["UserNotFound"];
            405: components["responses"]["MethodNotAllowed"];
            409: components["responses"]["LastAdmin"];
            412: components["responses"]["Stale"];
            413: components["responses"]["BodyTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            500: components["responses"]["InternalError"];
            503: components["responses"]["Unavailable"];
        };
    };
    resetFactors: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                userId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description No Content */
            204: {
                headers: {
                    "Cache-Control": components["headers"]["Cache-Control"];
                    "Content-Security-Policy": components["headers"]["Content-Security-Policy"];
                    "Referrer-Policy": components["headers"]["Referrer-Policy"];
                    "Strict-Transport-Security": components["headers"]["Strict-Transport-Security"];
                    "X-Content-Type-Options": components["headers"]["X-Content-Type-Options"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            401: components["responses"]["NotSignedIn"];
            /** @description The caller's role does not permit this. The session has not proved recently enough who its user is. `methods` are the proofs that are accepted. */
            403: {
                headers: {
                    "Cache-Control": components["headers"]["Cache-Control"];
                    "Content-Security-Policy": components["headers"]["Content-Security-Policy"];
                    "Referrer-Policy": components["headers"]["Referrer-Policy"];
                    "Strict-Transport-Security": components["headers"]["Strict-Transport-Security"];
                    "X-Content-Type-Options": components["headers"]["X-Content-Type-Options"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    /** @description What is left of the limits of this client (draft-ietf-httpapi-ratelimit-headers). */
                    RateLimit?: string;
                    /** @description The limits (draft-ietf-httpapi-ratelimit-headers). */
                    "RateLimit-Policy"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"] & {
                        /** @enum {unknown} */
                        code?: "forbidden" | "reauthentication_required";
                    };
                };
            };
            404: components["responses"]["UserNotFound"];
            405: components["responses"]["MethodNotAllowed"];
            500: components["responses"]["InternalError"];
            503: components["responses"]["Unavailable"];
        };
    };
}
