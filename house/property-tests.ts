// Property tests take the same inputs in every run, so that a change is what makes one fail. To look further:
// FC_SEED=$RANDOM npm run unit
import fc from 'fast-check'

fc.configureGlobal({ seed: Number(process.env.FC_SEED ?? 20_261_125) })
