// What a page's frame needs in the browser: a menu that is known as one, and links that are copied.

let words = {};

addEventListener("click", async ({ target }) => {
  const button = target.closest?.("[data-copy]");
  if (!button) return;
  const link = button.dataset.copy;
  try {
    await navigator.clipboard.writeText(link); // only where the address begins with https, or on this computer
    const before = button.textContent;
    button.textContent = `✓ ${words.copied}`;
    setTimeout(() => (button.textContent = before), 2000);
  } catch {
    prompt(words.copy_it, link);
  }
});

// Streamlit's page links are a row of links and no more: a screen reader is told that they are the menu, and which page
// is open. Streamlit draws them anew now and then, and forgets it.
function nameMenu() {
  for (const menu of document.querySelectorAll(".st-key-menu, .st-key-menu_narrow")) {
    menu.setAttribute("role", "navigation");
    menu.setAttribute("aria-label", words.menu);
    for (const link of menu.querySelectorAll(".st-key-menu > div > [data-testid=stPageLink] a, .st-key-menu_narrow a")) {
      const page = new URL(link.getAttribute("href") || ".", document.baseURI).pathname; // of the first page it is empty
      if (page === location.pathname) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
    }
  }
}

// What opens over a page stands outside the app's element, which alone says whether its theme is light or dark.
function followTheme(app) {
  document.documentElement.style.colorScheme = getComputedStyle(app).colorScheme;
}

export default function ({ data }) {
  words = data;
  document.documentElement.lang = data.language;
  const app = document.querySelector(".stApp");
  const follow = () => [nameMenu(), followTheme(app)];
  follow();
  const drawn = new MutationObserver(follow);
  drawn.observe(document.body, { childList: true, subtree: true });
  drawn.observe(app, { attributeFilter: ["class"] });
  return () => drawn.disconnect();
}
