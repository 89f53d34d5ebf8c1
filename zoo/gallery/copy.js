"use strict";

// Puts a command into the clipboard. Where the browser does not allow it, the command is selected instead.
for (const button of document.querySelectorAll(".copy")) {
  const code = button.previousElementSibling;
  const status = button.nextElementSibling;
  const say = text => {
    button.classList.toggle("done", text !== "");
    status.textContent = text;
  };
  button.hidden = false;
  button.addEventListener("click", async () => {
    getSelection().selectAllChildren(code);
    let copied = true;
    try {
      await navigator.clipboard.writeText(code.textContent);
    } catch {
      copied = document.execCommand("copy");
    }
    say(copied ? "Copied" : "Selected");
    setTimeout(say, 2000, "");
  });
}
