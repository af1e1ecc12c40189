// Comforts only: every page works without this file.
"use strict";

// A form that must not be sent twice. The server counts it once anyway.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!form.matches("[data-once]")) return;
  if (form.dataset.sent) return event.preventDefault();
  form.dataset.sent = "yes";
  setTimeout(() => form.querySelectorAll("button").forEach((button) => (button.disabled = true)));
});

// A page that comes back from the browser's memory may be sent again.
addEventListener("pageshow", () => {
  document.querySelectorAll("form[data-sent]").forEach((form) => {
    delete form.dataset.sent;
    form.querySelectorAll("button").forEach((button) => (button.disabled = false));
  });
});

// Count down until another code may be asked for.
document.querySelectorAll("[data-wait]").forEach((button) => {
  const words = button.textContent;
  const end = Date.now() + Number(button.dataset.wait) * 1000;
  const tick = () => {
    const seconds = Math.ceil((end - Date.now()) / 1000);
    button.disabled = seconds > 0;
    button.textContent = seconds > 0 ? button.dataset.waitWords.replace("{seconds}", seconds) : words;
    if (seconds > 0) setTimeout(tick, 250);
  };
  tick();
});

// Count down to the opening of a gift.
document.querySelectorAll("[data-until]").forEach((place) => {
  const until = Date.parse(place.dataset.until);
  const two = (number) => String(number).padStart(2, "0");
  const tick = () => {
    const left = Math.max(0, Math.ceil((until - Date.now()) / 1000));
    const days = Math.floor(left / 86400);
    const time = [Math.floor(left / 3600) % 24, Math.floor(left / 60) % 60, left % 60].map(two).join(":");
    const words = left ? (days ? place.dataset.words : place.dataset.soon) : place.dataset.over;
    place.textContent = words.replace("{days}", days).replace("{time}", time);
    place.hidden = false;
    if (left) setTimeout(tick, 1000 - (Date.now() % 1000));
  };
  tick();
});

// A list of chips that scrolls begins with the chosen one in sight.
document.querySelectorAll(".filters [aria-current]").forEach((chip) => {
  const list = chip.parentElement;
  list.scrollLeft = chip.offsetLeft - list.offsetLeft - (list.clientWidth - chip.clientWidth) / 2;
});
