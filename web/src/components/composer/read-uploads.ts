import type { MessageKey, Values } from '../../i18n/types.ts'
import type { Upload } from '../../state/outbox/actions.ts'

const MEBIBYTE = 1024 * 1024
const MOST_IMAGE_BYTES = 5 * MEBIBYTE
const LONGEST_SIDE = 2560
const MOST_PIXELS = 60_000_000
const IMAGE_TYPES = new Set(['image/jpeg', 'image/png', 'image/webp', 'image/gif'])

export interface Refused {
  reason: MessageKey
  values: Values
}

/** Reads pictures by content: scaled down, and without the place and camera they were taken with. */
export async function readUploads(
  files: readonly File[],
  most: number,
): Promise<{ taken: Upload[]; refused: Refused[] }> {
  const taken: Upload[] = []
  const refused: Refused[] = []
  for (const file of files) {
    if (taken.length >= most) {
      refused.push({ reason: 'composer.tooManyFiles', values: { max: 3 } })
      break
    }
    const { name } = file
    if (!IMAGE_TYPES.has(file.type)) {
      refused.push({ reason: 'composer.fileType', values: { name } })
      continue
    }
    try {
      const upload =
        file.type === 'image/gif' ? await plain(file) : await redraw(file, LONGEST_SIDE)
      if (upload.bytes.length > MOST_IMAGE_BYTES)
        refused.push({ reason: 'composer.fileTooLarge', values: { name, max: 5 } })
      else taken.push(upload)
    } catch {
      refused.push({ reason: 'composer.fileUnreadable', values: { name } })
    }
  }
  return { taken, refused }
}

async function plain(file: File): Promise<Upload> {
  const bytes = new Uint8Array(await file.arrayBuffer())
  const isGif = String.fromCharCode(...bytes.subarray(0, 4)) === 'GIF8'
  if (!isGif) throw new Error('not a GIF')
  return { name: file.name, type: 'image/gif', bytes }
}

/** Decodes and encodes a picture again; `square` cuts out the middle. */
export async function redraw(file: File, longest: number, square = false): Promise<Upload> {
  const bitmap = await createImageBitmap(file, { imageOrientation: 'from-image' })
  try {
    const { width, height } = bitmap
    if (width * height > MOST_PIXELS) throw new Error('too many pixels')
    const side = Math.min(width, height)
    const [cutWidth, cutHeight] = square ? [side, side] : [width, height]
    const scale = Math.min(1, longest / Math.max(cutWidth, cutHeight))
    const canvas = new OffscreenCanvas(
      Math.max(1, Math.round(cutWidth * scale)),
      Math.max(1, Math.round(cutHeight * scale)),
    )
    const context = canvas.getContext('2d')
    if (!context) throw new Error('no canvas')
    const x = (width - cutWidth) / 2
    const y = (height - cutHeight) / 2
    context.drawImage(bitmap, x, y, cutWidth, cutHeight, 0, 0, canvas.width, canvas.height)
    const type = file.type === 'image/png' ? 'image/png' : 'image/jpeg'
    let blob = await canvas.convertToBlob({ type, quality: 0.9 })
    if (blob.size > MOST_IMAGE_BYTES)
      blob = await canvas.convertToBlob({ type: 'image/jpeg', quality: 0.8 })
    return { name: file.name, type: blob.type, bytes: new Uint8Array(await blob.arrayBuffer()) }
  } finally {
    bitmap.close()
  }
}
