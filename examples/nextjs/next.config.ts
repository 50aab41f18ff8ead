import { join } from "node:path";
import type { NextConfig } from "next";

const config: NextConfig = {
  // The client is a link to a folder of the project, so modules are found below the project's root.
  turbopack: { root: join(import.meta.dirname, "../..") },
  images: { unoptimized: true },
  poweredByHeader: false,
  devIndicators: false,
  // The token of an email's link does not belong in a log.
  logging: { incomingRequests: { ignore: [/[?&]token=/] } },
};

export default config;
