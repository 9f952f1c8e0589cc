// The REST console: Swagger UI on the API's own OpenAPI document. What the reader wrote above goes with each call; calls go to the gateway and nowhere else.
"use strict";
{
  const at = document.getElementById("reference");
  const written = (id) => (document.getElementById(id)?.value ?? "").trim();
  // What a screen reader must be told, and a keyboard reach, that Swagger UI leaves out.
  const named = [["textarea.body-param__text", "Body"], ["#servers", "Server"], [".content-type", "Media type"], [".parameters input, .parameters select", "Value"]];
  const tell = () => {
    for (const [what, name] of named) {
      for (const field of at.querySelectorAll(what)) {
        if (!field.hasAttribute("aria-label")) field.setAttribute("aria-label", field.placeholder || name);
      }
    }
    for (const shown of at.querySelectorAll("pre")) shown.tabIndex = 0;
  };
  new MutationObserver(tell).observe(at, { childList: true, subtree: true });
  window.SwaggerUIBundle({
    url: at.dataset.document,
    domNode: at,
    presets: [window.SwaggerUIBundle.presets.apis],
    layout: "BaseLayout",
    deepLinking: false,
    queryConfigEnabled: false,
    validatorUrl: null,
    tryItOutEnabled: true,
    docExpansion: "list",
    requestInterceptor: (request) => {
      if (request.loadSpec) return request;
      const set = (name, value) => { if (value) request.headers[name] = value; };
      set("apikey", written("apikey"));
      set("Authorization", written("access-token") && "Bearer " + written("access-token"));
      set("X-Authorization", written("backend"));
      return request;
    },
  });
}
