// Keeps the page of one enrolment current: asks again and again until it has ended and its photo is there.
(() => {
  "use strict";

  const page = document.querySelector("[data-follow]");
  const lost = document.getElementById("follow-lost");
  if (!page || !lost) return;

  const EVERY_MS = 2000; // a node comes by every thirty seconds; its word should not wait much longer

  function draw(html) {
    const fresh = new DOMParser().parseFromString(html, "text/html");
    for (const part of fresh.querySelectorAll("[data-part]")) {
      const old = document.getElementById(part.id);
      if (!old || old.isEqualNode(part)) continue;
      // A form carries another token each time; it is replaced only when there is something else to do.
      if (part.dataset.version && part.dataset.version === old.dataset.version) continue;
      old.replaceWith(document.importNode(part, true));
    }
  }

  async function look() {
    try {
      const answer = await fetch(page.dataset.follow, { headers: { Accept: "text/html" }, redirect: "manual" });
      if (answer.type === "opaqueredirect" || answer.status === 401) return window.location.reload();
      if (!answer.ok) throw new Error(String(answer.status));
      draw(await answer.text());
      lost.hidden = true;
    } catch {
      lost.hidden = false;
    }
    next();
  }

  function next() {
    if (!page.querySelector("[data-over]")) setTimeout(look, EVERY_MS);
  }

  next();
})();
