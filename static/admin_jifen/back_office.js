// A form that acts is sent once; a file may be dropped on its field.
"use strict";
document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!form.matches("form[data-once]")) return;
    if (form.dataset.sent) { event.preventDefault(); return; }
    form.dataset.sent = "1";
});
window.addEventListener("pageshow", () => {
    for (const form of document.querySelectorAll("form[data-once]")) delete form.dataset.sent;
});
for (const name of ["dragenter", "dragover", "dragleave", "drop"]) {
    document.addEventListener(name, (event) => {
        const field = event.target.closest && event.target.closest(".jf-drop");
        if (!field) return;
        event.preventDefault();
        field.classList.toggle("jf-over", name === "dragenter" || name === "dragover");
        if (name === "drop" && event.dataTransfer.files.length) field.querySelector("input").files = event.dataTransfer.files;
    });
}
// The browser says "no file chosen" in its own language: the name of the file stands in for it.
document.documentElement.classList.add("jf-scripted");
const showFile = () => {
    for (const field of document.querySelectorAll(".jf-drop")) {
        const files = [...field.querySelector("input").files].map((file) => file.name);
        field.querySelector("output").textContent = files.join(", ");
    }
};
document.addEventListener("change", showFile);
document.addEventListener("drop", showFile);
window.addEventListener("pageshow", showFile);
// A phone that reads a member's picture opens the counter with the code behind the #: only the browser sees that. It is posted,
// and leaves the address. Who has to sign in first takes it along.
const takeScanned = () => {
    if (!/^#[0-9A-Za-z-]{4,60}$/.test(location.hash)) return;
    const signIn = document.querySelector("form:has(input[name=username])");
    if (signIn) { signIn.action = location.pathname + location.search + location.hash; return; }
    const field = location.pathname.endsWith("/counter/") && document.querySelector("form[data-once] input[name=code]");
    if (!field) return;
    const scanned = document.createElement("input");
    Object.assign(scanned, { type: "hidden", name: "scanned", value: location.hash.slice(1) });
    history.replaceState(null, "", location.pathname);
    field.form.append(scanned);
    field.form.requestSubmit();
};
window.addEventListener("hashchange", takeScanned);
window.addEventListener("DOMContentLoaded", takeScanned);
