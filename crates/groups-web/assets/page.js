// The page: a first sign of life, replaced by the sidebar and its application.
const line = document.createElement("p");
line.textContent = "Groups is running.";
document.body.append(line);
