import { getT } from '../../i18n/server.ts'
import { Keyprint } from '../../ui/keyprint.tsx'
import { tagStyle } from '../../ui/tag-colour.ts'

const SAMPLE_KEY = 'o4dksfbqk85ogzdb5osziw6befigbuxmuxkuxq8434q89uj56uyy'

/** A post as it looks in the feed, drawn without scripts. */
export async function SamplePost() {
  const t = await getT('landing')
  return (
    <div className="relative mx-auto w-full max-w-md lg:me-0" aria-hidden>
      <div className="card absolute inset-x-6 -top-5 h-full rotate-[2.5deg] opacity-40" />
      <div className="card relative p-6 shadow-pop sm:p-7">
        <div className="flex items-center gap-3">
          <span className="size-12 overflow-hidden rounded-full">
            <Keyprint userId={SAMPLE_KEY} className="size-full" />
          </span>
          <div className="grow">
            <p className="font-semibold">{t('landing.sampleName')}</p>
            <p className="key text-xs text-mute">o4dk…6uyy</p>
          </div>
          <span className="flex items-center gap-1.5 rounded-full bg-brand-veil px-3 py-1 text-xs font-semibold text-brand-text">
            <svg
              aria-hidden
              viewBox="0 0 24 24"
              className="size-3.5"
              fill="none"
              stroke="currentColor"
              strokeWidth="2.5"
            >
              <path d="M12 3 5 6v5c0 5 3 8 7 10 4-2 7-5 7-10V6l-7-3Z" />
              <path d="m9 12 2.2 2.2L15.5 10" />
            </svg>
            {t('landing.sampleProof')}
          </span>
        </div>
        <p className="mt-5 text-lg">{t('landing.samplePost')}</p>
        <p className="mt-6 flex flex-wrap gap-2">
          {['pubky', 'own-your-data', 'quiet-joy'].map((label, index) => (
            <span
              key={label}
              style={tagStyle(label)}
              className="tag inline-flex h-8 items-center gap-2 rounded-md px-3 text-sm font-semibold"
            >
              {label}
              <span className="opacity-60">{[21, 8, 5][index]}</span>
            </span>
          ))}
        </p>
      </div>
    </div>
  )
}
