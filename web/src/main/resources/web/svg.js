/** An SVG element that is in no document yet. */
export function svg(tag, attributes = {}, text = '') {
  const e = document.createElementNS('http://www.w3.org/2000/svg', tag);
  for (const [name, value] of Object.entries(attributes)) e.setAttribute(name, value);
  e.textContent = text;
  return e;
}
