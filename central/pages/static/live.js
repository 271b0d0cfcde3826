// Keeps the board current: one EventSource, parts replaced by their id, and plain words when the link is gone.
(() => {
  "use strict";

  const board = document.querySelector("[data-stream]");
  const content = document.getElementById("board-content");
  const state = document.getElementById("link-state");
  if (!board || !content || !state) return;

  const STALE_AFTER_S = 40; // two missed heartbeats of 15 s and some air
  const POLL_EVERY_S = 15; // when the server has no stream left for us
  const words = state.dataset;
  let lastSeen = performance.now(); // last sign of life from the server
  let lastData = performance.now(); // last time the figures were confirmed current
  let broken = false;
  let source = null;
  let pollTimer = null;

  const fill = (text, age) => text.replace("{age}", age);

  function age(seconds) {
    if (seconds < 60) return fill(words.seconds, String(Math.floor(seconds)));
    if (seconds < 3600) return fill(words.minutes, String(Math.floor(seconds / 60)));
    return fill(words.hours, String(Math.floor(seconds / 3600)));
  }

  function show() {
    const silent = (performance.now() - lastSeen) / 1000;
    const lost = broken || silent > STALE_AFTER_S;
    const old = age((performance.now() - lastData) / 1000);
    const text = fill(lost ? words.lost : words.now, old);
    state.classList.toggle("stale", lost);
    state.classList.remove("opening");
    if (state.firstElementChild.textContent !== text) state.firstElementChild.textContent = text;
    // Screen readers hear only the change between live and lost, not each second of age.
    const spoken = document.getElementById("link-spoken");
    const say = lost ? words.lostSpoken : "";
    if (spoken.textContent !== say) spoken.textContent = say;
  }

  function alive() {
    broken = false;
    lastSeen = lastData = performance.now();
    show();
  }

  // A list keeps its unchanged children (and their loaded pictures), so only what is new is drawn and marked.
  function mergeList(old, fresh) {
    const known = new Map([...old.children].map((child) => [child.id, child]));
    let place = old.firstElementChild;
    for (const child of [...fresh.children]) {
      const before = known.get(child.id);
      let node = before;
      if (!before || !before.isEqualNode(child)) {
        node = document.importNode(child, true);
        node.dataset.fresh = "";
      }
      if (before && node !== before) {
        if (place === before) place = before.nextElementSibling;
        before.replaceWith(node);
      }
      known.delete(child.id);
      if (node === place) place = place.nextElementSibling;
      else old.insertBefore(node, place);
      if ("fresh" in node.dataset) {
        delete node.dataset.fresh; // keeps isEqualNode honest; the class is removed below for the same reason
        node.classList.add("fresh");
        node.addEventListener("animationend", () => tidy(node), { once: true });
        setTimeout(() => tidy(node), 6500);
      }
    }
    for (const gone of known.values()) gone.remove();
  }

  function tidy(node) {
    node.classList.remove("fresh");
    if (!node.getAttribute("class")) node.removeAttribute("class");
  }

  function draw(html) {
    const focused = document.activeElement && document.activeElement.id;
    const page = new DOMParser().parseFromString(html, "text/html");
    const ids = (root) => [...root.querySelectorAll("[data-live]")].map((part) => part.id).join(" ");
    if (ids(page) !== ids(content)) {
      // The board has another shape than before: its first office, or so many that it needs two columns.
      content.replaceChildren(...[...page.body.childNodes].map((node) => document.importNode(node, true)));
      return;
    }
    for (const fresh of page.querySelectorAll("[data-live]")) {
      const old = document.getElementById(fresh.id);
      if (!old) continue;
      // Marks of an earlier change must not count as a difference.
      old.querySelectorAll(".fresh").forEach(tidy);
      // What the viewer opened or closed stays so.
      for (const details of old.querySelectorAll("details[id]")) {
        const next = fresh.querySelector(`#${details.id}`);
        if (next) next.open = details.open;
      }
      if (old.isEqualNode(fresh)) continue;
      if (fresh.dataset.live === "list") mergeList(old, fresh);
      else old.replaceWith(document.importNode(fresh, true));
    }
    if (focused && document.activeElement.id !== focused) document.getElementById(focused)?.focus();
  }

  async function poll() {
    try {
      const answer = await fetch(board.dataset.fragment, { headers: { Accept: "text/html" }, redirect: "manual" });
      if (answer.type === "opaqueredirect" || answer.status === 401) return window.location.reload();
      if (!answer.ok) throw new Error(String(answer.status));
      draw(await answer.text());
      alive();
      if (!source) open();
    } catch {
      broken = true;
      show();
    }
  }

  function open() {
    source = new EventSource(board.dataset.stream);
    source.addEventListener("board", (event) => { draw(event.data); alive(); });
    source.addEventListener("beat", alive);
    source.addEventListener("bye", () => { source.close(); window.location.reload(); });
    source.addEventListener("open", () => { clearInterval(pollTimer); pollTimer = null; });
    source.addEventListener("error", () => {
      broken = true;
      show();
      // The browser tries again by itself unless the server refused the stream; then we ask now and then.
      if (source && source.readyState === EventSource.CLOSED) {
        source = null;
        if (!pollTimer) pollTimer = setInterval(poll, POLL_EVERY_S * 1000);
      }
    });
  }

  setInterval(show, 1000);
  open();
})();
