
"use strict";
const form = document.getElementById("add");
const wrong = document.getElementById("wrong");
const known = Boolean(window.PublicKeyCredential?.parseCreationOptionsFromJSON);
form.hidden = !known;
document.getElementById("unknown").hidden = known;
const call = async (method, path, body) => {
  const headers = { "x-csrf-token": form.elements.csrf.value };
  if (body) headers["content-type"] = "application/json";
  const answer = await fetch(path, { method, headers, body: body && JSON.stringify(body) });
  const told = answer.status === 204 ? null : await answer.json();
  if (answer.ok) return told;
  throw new Error(told.faults?.[0]?.message ?? told.detail);
};
const attempt = async (act) => {
  wrong.hidden = true;
  try {
    await act();
    location.reload();
  } catch (error) {
    const said = { NotAllowedError: "No passkey was made.", InvalidStateError: "It has a passkey of yours already." };
    wrong.textContent = said[error.name] ?? error.message;
    wrong.hidden = false;
  }
};
form.addEventListener("submit", (event) => {
  event.preventDefault();
  attempt(async () => {
    const { password, code, name } = form.elements;
    const proof = { password: password.value, code: code.value || null };
    const begun = await call("POST", "/v1/auth/passkeys/options", proof);
    const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(begun.publicKey);
    const credential = await navigator.credentials.create({ publicKey });
    const { ceremony } = begun;
    await call("POST", "/v1/auth/passkeys", { ceremony, name: name.value, credential: credential.toJSON() });
  });
});
for (const button of document.querySelectorAll("button[data-passkey]")) {
  button.addEventListener("click", () => attempt(() => call("DELETE", `/v1/auth/passkeys/${button.dataset.passkey}`)));
}
