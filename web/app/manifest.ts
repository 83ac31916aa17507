import type { MetadataRoute } from 'next'
import { getT } from '../src/i18n/server.ts'

export default async function manifest(): Promise<MetadataRoute.Manifest> {
  const t = await getT()
  const png = (size: number, purpose: 'any' | 'maskable') => ({
    src: purpose === 'any' ? `/icon-${size}.png` : `/icon-maskable-${size}.png`,
    sizes: `${size}x${size}`,
    type: 'image/png',
    purpose,
  })
  return {
    id: '/home',
    name: t('common.appName'),
    short_name: t('common.appName'),
    description: t('common.tagline'),
    start_url: '/home',
    scope: '/',
    display: 'standalone',
    background_color: '#08080e',
    theme_color: '#08080e',
    icons: [
      { src: '/icon.svg', sizes: 'any', type: 'image/svg+xml', purpose: 'any' },
      png(192, 'any'),
      png(512, 'any'),
      png(512, 'maskable'),
    ],
    shortcuts: [
      { name: t('common.newPost'), url: '/home?compose=1' },
      { name: t('common.notifications'), url: '/profile/notifications' },
    ],
    share_target: {
      action: '/home',
      method: 'GET',
      params: { title: 'title', text: 'text', url: 'url' },
    } as MetadataRoute.Manifest['share_target'],
  }
}
