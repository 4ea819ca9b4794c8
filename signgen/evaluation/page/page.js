"use strict";
// Players that step by frames, and plots that show where the film stands. Without it every number,
// picture and plot is there, and films have the browser's own controls.
for (const clip of document.querySelectorAll("article.clip")) {
  const last = Number(clip.dataset.frames) - 1;
  const fps = Number(clip.dataset.fps);
  const video = clip.querySelector("video");
  const plots = [...clip.querySelectorAll(".plot")].map(readPlot);
  const controls = clip.querySelector(".controls");
  let shown = Number(clip.dataset.start || 0);

  function readPlot(figure) {
    const values = new Map();
    for (const line of figure.querySelectorAll("polyline")) {
      for (const point of line.getAttribute("points").split(" ")) {
        const [frame, value] = point.split(",").map(Number);
        values.set(frame, -value);
      }
    }
    return {
      svg: figure.querySelector("svg"), now: figure.querySelector(".now"),
      reading: figure.querySelector(".reading"), unit: figure.dataset.unit, values,
    };
  }

  function mark(frame) {
    shown = Math.min(last, Math.max(0, frame));
    for (const plot of plots) {
      plot.now.setAttribute("x1", shown);
      plot.now.setAttribute("x2", shown);
      const value = plot.values.get(shown);
      const words = value === undefined ? "no value" : `${+value.toPrecision(3)} ${plot.unit}`;
      plot.reading.textContent = `frame ${shown}: ${words}`;
    }
    if (!video) return;
    controls.querySelector("input").value = shown;
    controls.querySelector("input").setAttribute("aria-valuetext", `frame ${shown} of ${last}`);
    controls.querySelector(".frame").textContent =
      `frame ${shown} of ${last}, ${(shown / fps).toFixed(2)} s`;
  }

  function go(frame) {
    mark(frame);
    if (!video) return;
    video.pause();
    // the middle of a frame: its edges round to either side
    video.currentTime = (shown + 0.5) / fps;
  }

  for (const plot of plots) {
    const at = (event) => {
      const box = plot.svg.getBoundingClientRect();
      return Math.floor((event.clientX - box.left) / box.width * (last + 1));
    };
    plot.svg.addEventListener("pointermove", (event) => {
      clip.classList.add("live");
      if (!video || video.paused) mark(at(event));
    });
    plot.svg.addEventListener("pointerleave", () => {
      if (video && video.paused) mark(Math.floor(video.currentTime * fps + 0.01));
    });
    plot.svg.addEventListener("click", (event) => { clip.classList.add("live"); go(at(event)); });
  }
  if (!video) continue;

  const play = controls.querySelector(".play");
  const follow = () => {
    mark(Math.floor(video.currentTime * fps + 0.01));
    if (!video.paused) requestAnimationFrame(follow);
  };
  video.controls = false;
  controls.hidden = false;
  const settle = () => {
    if (video.paused && !video.currentTime) video.currentTime = (shown + 0.5) / fps;
  };
  video.addEventListener("loadedmetadata", settle);
  if (video.readyState) settle();  // a small film is there before the script is
  video.addEventListener("play", () => {
    clip.classList.add("live");
    play.textContent = "Pause";
    follow();
  });
  video.addEventListener("pause", () => { play.textContent = "Play"; });
  play.addEventListener("click", () => (video.paused ? video.play() : video.pause()));
  video.addEventListener("click", () => play.click());
  const step = (by) => () => { clip.classList.add("live"); go(shown + by); };
  controls.querySelector(".back").addEventListener("click", step(-1));
  controls.querySelector(".on").addEventListener("click", step(1));
  controls.querySelector("input").addEventListener("input", (event) => {
    clip.classList.add("live");
    go(Number(event.target.value));
  });
  controls.querySelector("select").addEventListener("change", (event) => {
    video.playbackRate = Number(event.target.value);
  });
  for (const word of clip.querySelectorAll(".goto")) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "goto";
    button.textContent = word.textContent;
    button.addEventListener("click", () => {
      clip.classList.add("live");
      go(Number(word.dataset.frame));
      clip.querySelector(".player").scrollIntoView({ block: "nearest" });
    });
    word.replaceWith(button);
  }
}
