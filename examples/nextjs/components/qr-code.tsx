import { encode } from "uqr";

/**
 * A QR code, drawn on the server. Always dark on light with a margin of four modules: scanners need both.
 *
 * uqr computes it. The alternative is about 150 lines of our own (Reed–Solomon codes, masks, versions) that have nothing to do
 * with this API. It is one file of 27 kB without dependencies, pinned by its hash, and runs on the server only.
 */
export function QrCode({ text, label }: { text: string; label: string }) {
  const { data, size } = encode(text, { ecc: "M", border: 4 });
  const modules = data.flatMap((row, y) => row.map((isDark, x) => (isDark ? `M${x} ${y}h1v1h-1z` : "")));
  return (
    <svg className="qr" role="img" aria-label={label} viewBox={`0 0 ${size} ${size}`} shapeRendering="crispEdges">
      <rect width={size} height={size} fill="#fff" />
      <path d={modules.join("")} fill="#000" />
    </svg>
  );
}
