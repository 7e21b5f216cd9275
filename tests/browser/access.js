// What axe-core does not look at: sizes of what is tapped, words cut off, words in drawings. Each function gives sentences.

window.access = (() => {
  const shown = (element) => element.checkVisibility({ opacityProperty: true, visibilityProperty: true, contentVisibilityAuto: true });
  const all = (selector) => [...document.querySelectorAll(selector)].filter(shown);
  const name = (element) => {
    const keyed = element.closest("[class*=st-key-]")?.className.match?.(/st-key-[\w-]+/)?.[0] ?? "";
    const words = (element.innerText || element.textContent || element.ariaLabel || "").trim().slice(0, 40);
    const kind = element.getAttribute("class")?.split(" ").find((word) => !word.startsWith("st-emotion")) ?? "";
    return `${element.tagName.toLowerCase()}.${kind} “${words.replace(/\s+/g, " ")}” in ${keyed}`;
  };

  const canvas = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
  const rgba = (colour) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    const [red, green, blue, alpha] = canvas.getImageData(0, 0, 1, 1).data;
    return [red, green, blue, alpha / 255];
  };
  const over = (front, back) => [0, 1, 2].map((i) => front[i] * front[3] + back[i] * (1 - front[3])).concat(1);
  const light = (colour) => {
    const [red, green, blue] = colour.map((value) => (value / 255 <= 0.04045 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const contrast = (one, other) => {
    const [dark, bright] = [light(one), light(other)].sort((a, b) => a - b);
    return (bright + 0.05) / (dark + 0.05);
  };
  const ground = (element) => {
    const layers = [];
    for (let at = element; at; at = at.parentElement) {
      const layer = rgba(getComputedStyle(at).backgroundColor);
      if (layer[3]) layers.push(layer);
      if (layer[3] === 1) break;
    }
    return layers.reduceRight((back, front) => over(front, back), [255, 255, 255, 1]);
  };
  const shade = (element, property) => {
    const style = getComputedStyle(element);
    const colour = rgba(style[property]);
    colour[3] *= property === "fill" ? Number(style.fillOpacity) : 1;
    for (let at = element; at; at = at.parentElement) colour[3] *= Number(getComputedStyle(at).opacity);
    return colour;
  };
  const below = (text) => {
    const box = text.getBoundingClientRect();
    const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
    let back = ground(text.closest("svg").parentElement);
    for (const shape of text.closest("svg").querySelectorAll("rect, circle")) {
      const { left, right, top, bottom } = shape.getBoundingClientRect();
      const before = shape.compareDocumentPosition(text) & Node.DOCUMENT_POSITION_FOLLOWING;
      if (before && left <= x && x <= right && top <= y && y <= bottom) back = over(shade(shape, "fill"), back);
    }
    return back;
  };

  return {
    // Words in drawings, and small print, against what they stand on.
    faint() {
      const faults = [];
      for (const text of all("svg text")) {
        const [front, back] = [shade(text, "fill"), below(text)];
        const ratio = contrast(over(front, back), back);
        if (text.textContent.trim() && ratio < 4.5) faults.push(`${ratio.toFixed(1)}: ${name(text)}`);
      }
      for (const text of all("small, figcaption, figcaption *, [data-testid=stCaptionContainer] *, dt, dd, th, td")) {
        if (![...text.childNodes].some((node) => node.nodeType === 3 && node.data.trim())) continue;
        if (text.closest("[data-stale=true]")) continue; // what is being drawn anew is paler for that moment
        const [front, back] = [shade(text, "color"), ground(text)];
        const ratio = contrast(over(front, back), back);
        if (ratio < 4.5) faults.push(`${ratio.toFixed(1)}: ${name(text)}`);
      }
      return [...new Set(faults)];
    },
    // What is tapped and is smaller than a thumb. A link inside a sentence may be as high as its line.
    small() {
      const faults = [];
      for (const target of all("button, a[href], input, select, textarea, summary, [role=button], [role=tab], [role=radio], [role=checkbox], [role=switch], [role=slider], [tabindex='0']:is(td, svg *)")) {
        if (target.disabled || target.closest("[inert], [aria-hidden=true]")) continue;
        if (target.matches("a") && [...(target.closest("p, li, dd")?.childNodes ?? [])].some((node) => node.nodeType === 3 && node.data.trim())) continue;
        const boxes = [target, target.closest("label"), target.closest("[data-testid=stSlider], [data-baseweb]")].filter(Boolean).map((at) => at.getBoundingClientRect());
        const after = getComputedStyle(target, "::after");
        if (after.content !== "none" && after.position === "absolute") boxes.push({ width: parseFloat(after.width), height: parseFloat(after.height) });
        if (!boxes.some(({ width, height }) => width >= 43.5 && height >= 43.5))
          faults.push(`${Math.round(boxes[0].width)} × ${Math.round(boxes[0].height)}: ${name(target)}`);
      }
      return [...new Set(faults)];
    },
    // Words of which a part is not shown.
    cut() {
      const faults = [];
      for (const element of all("[data-testid=stApp] *")) {
        if (!element.clientWidth || !element.clientHeight || !element.innerText?.trim()) continue;
        const style = getComputedStyle(element);
        if (element.clientWidth < 3 || style.clipPath !== "none") continue; // for screen readers only
        const wide = style.overflowX === "hidden" && element.scrollWidth > element.clientWidth + 1;
        const high = style.overflowY === "hidden" && element.scrollHeight > element.clientHeight + 4;
        if (wide || high) faults.push(`${wide ? "wide" : "high"}: ${name(element)}`);
      }
      return faults;
    },
    // What reaches over the right edge of the window and cannot be scrolled to in a box of its own.
    over() {
      const [faults, faulty] = [[], []];
      for (const element of all("[data-testid=stApp] *")) {
        const { right, width, height } = element.getBoundingClientRect();
        if (right <= innerWidth + 1 || !width || !height || element.closest("svg *")) continue;
        if (element.closest("[data-testid=stTabs]") && !element.innerText) continue; // the line below a tab glides there
        let box = element.parentElement;
        while (box && getComputedStyle(box).overflowX === "visible") box = box.parentElement;
        const boxed = box && !box.matches("[data-testid=stMain], [data-testid=stAppViewContainer], [data-testid=stApp], body, html");
        if (faulty.some((outer) => outer.contains(element))) continue;
        if (!boxed && getComputedStyle(element).position !== "fixed" && element.type !== "range") {
          faulty.push(element);
          faults.push(`${Math.round(right)}: ${name(element)}`);
        }
      }
      return faults;
    },
  };
})();
