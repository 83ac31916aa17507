import type { MetadataRoute } from 'next'

export default function manifest(): MetadataRoute.Manifest {
  return {
    name: 'Pubky',
    short_name: 'Pubky',
    start_url: '/home',
    display: 'standalone',
    background_color: '#08080e',
    theme_color: '#08080e',
    icons: [{ src: '/icon.svg', sizes: 'any', type: 'image/svg+xml', purpose: 'any' }],
    shortcuts: [
      { name: 'New post', url: '/home?compose=1' },
      { name: 'Notifications', url: '/profile/notifications' },
    ],
  }
}
