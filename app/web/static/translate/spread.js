// How far the samples lie apart, pixel by pixel: the standard deviation over them, as colours over the picture.

const SIDE = 640; // pixels of the longer side that it is worked out at
const STOPS = [[87, 16, 110], [188, 55, 84], [249, 142, 9], [252, 255, 164]]; // page.css has them as a gradient
const OPACITY = 0.92;

const canvas = document.querySelector("#spread");
const legend = document.querySelector("#legend");

let drawing = 0; // the number of the one that is to be shown

export function hideSpread() {
  drawing += 1;
  canvas.hidden = legend.hidden = true;
}

/** Of Blobs, two at least. */
export async function drawSpread(blobs) {
  const mine = (drawing += 1);
  const { width, height, deviations } = await spreadOf(blobs);
  if (mine !== drawing) return;
  const top = percentile(deviations, 0.99) || 1;
  const picture = new ImageData(width, height);
  deviations.forEach((deviation, index) => paint(picture.data, 4 * index, Math.min(deviation / top, 1)));
  Object.assign(canvas, { width, height }).getContext("2d").putImageData(picture, 0, 0);
  legend.querySelector(".high").textContent = `${top.toPrecision(2)}`;
  legend.querySelector(".meaning").textContent = `standard deviation over ${blobs.length} samples, in grey levels of 255`;
  canvas.hidden = legend.hidden = false;
}

/** For each pixel the mean of its channels' standard deviations, in grey levels: as the service tells it. */
export async function spreadOf(blobs) {
  const images = await Promise.all(blobs.map((blob) => createImageBitmap(blob)));
  const scale = Math.min(1, SIDE / Math.max(images[0].width, images[0].height));
  const [width, height] = [images[0].width, images[0].height].map((side) => Math.max(1, Math.round(side * scale)));
  const first = pixels(images[0], width, height);
  const sums = new Float32Array(first.length);
  const squares = new Float32Array(first.length);
  for (const image of images) {
    pixels(image, width, height).forEach((value, index) => {
      const difference = value - first[index]; // squares of large numbers lose digits
      sums[index] += difference;
      squares[index] += difference ** 2;
    });
    image.close();
  }
  const count = blobs.length;
  const deviation = (index) => Math.sqrt(Math.max(squares[index] - sums[index] ** 2 / count, 0) / (count - 1));
  const deviations = Float32Array.from({ length: width * height }, (_, pixel) =>
    (deviation(4 * pixel) + deviation(4 * pixel + 1) + deviation(4 * pixel + 2)) / 3);
  return { width, height, deviations };
}

function pixels(image, width, height) {
  const context = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true });
  context.drawImage(image, 0, 0, width, height);
  return context.getImageData(0, 0, width, height).data;
}

function percentile(values, share) {
  return values.slice().sort()[Math.floor(share * (values.length - 1))];
}

/** Nothing where there is no spread, so that the picture is seen. */
function paint(data, at, share) {
  const place = share * (STOPS.length - 1);
  const below = Math.min(Math.floor(place), STOPS.length - 2);
  STOPS[below].forEach((low, channel) => {
    data[at + channel] = low + (place - below) * (STOPS[below + 1][channel] - low);
  });
  data[at + 3] = 255 * OPACITY * Math.sqrt(share);
}
