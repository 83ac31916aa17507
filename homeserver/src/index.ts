export { defaults, type HomeserverConfig, homeserverSettings } from './config.ts'
export {
  type HomeserverDeps,
  type HomeserverUrls,
  type RunningHomeserver,
  startHomeserver,
} from './start.ts'
