/** A QR code as an SVG element. Its colors do not depend on the theme: many readers need dark modules on a light ground. */

import { QUIET_ZONE, qrCode } from "./qr.js";

const SVG = "http://www.w3.org/2000/svg";

/** @param {string} content @param {string} label What screen readers say. @returns {SVGSVGElement | null} `null` if the content is too long for a code */
export function qrImage(content, label) {
  const code = qrCode(content);
  if (!code) return null;
  const edge = code.size + 2 * QUIET_ZONE;
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", `0 0 ${edge} ${edge}`);
  svg.setAttribute("class", "qr-code");
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", label);
  svg.setAttribute("shape-rendering", "crispEdges");
  const ground = document.createElementNS(SVG, "rect");
  ground.setAttribute("width", String(edge));
  ground.setAttribute("height", String(edge));
  ground.setAttribute("fill", "#fff");
  const modules = document.createElementNS(SVG, "path");
  modules.setAttribute("d", outline(code));
  modules.setAttribute("fill", "#000");
  svg.append(ground, modules);
  return svg;
}

/** One rectangle for each run of dark modules. @param {NonNullable<ReturnType<typeof qrCode>>} code */
function outline({ size, isDark }) {
  let path = "";
  for (let y = 0; y < size; y += 1) {
    for (let x = 0; x < size; x += 1) {
      if (!isDark(x, y)) continue;
      const start = x;
      while (x + 1 < size && isDark(x + 1, y)) x += 1;
      path += `M${start + QUIET_ZONE} ${y + QUIET_ZONE}h${x - start + 1}v1h${start - x - 1}z`;
    }
  }
  return path;
}
