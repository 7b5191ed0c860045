// Run before the page is painted: the theme that was chosen here, else the system's.
const THEMES = ["auto", "light", "dark"];

const chosen = () => {
  try {
    return localStorage.getItem("theme") ?? "auto";
  } catch {
    return "auto"; // storage is closed to this page
  }
};

const wear = (theme) => {
  document.documentElement.dataset.theme = theme;
};

wear(chosen());

document.addEventListener("DOMContentLoaded", () => {
  const button = document.querySelector("#theme");
  const tell = () => {
    const { theme } = document.documentElement.dataset;
    button.querySelector("span").textContent = theme[0].toUpperCase() + theme.slice(1);
    button.setAttribute("aria-label", `Theme: ${theme}. Change it`);
  };
  button.addEventListener("click", () => {
    const theme = THEMES[(THEMES.indexOf(document.documentElement.dataset.theme) + 1) % THEMES.length];
    wear(theme);
    try {
      localStorage.setItem("theme", theme);
    } catch {} // it holds for this page then
    tell();
  });
  tell();
});
