
"use strict";
const form = document.getElementById("passkey");
const wrong = document.getElementById("passkey-wrong");
form.hidden = !window.PublicKeyCredential?.parseRequestOptionsFromJSON;
form.addEventListener("submit", async (event) => {
  event.preventDefault();
  wrong.hidden = true;
  try {
    const answer = await fetch("/sign-in/passkey/options", { method: "POST" });
    const body = await answer.json();
    if (!answer.ok) throw new Error(body.detail);
    const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(body.publicKey);
    const credential = await navigator.credentials.get({ publicKey });
    form.elements.credential.value = JSON.stringify(credential);
    form.elements.organization.value = document.getElementById("organization").value;
    form.submit();
  } catch (error) {
    wrong.textContent = error.name === "NotAllowedError" ? "No passkey was used." : error.message;
    wrong.hidden = false;
  }
});
